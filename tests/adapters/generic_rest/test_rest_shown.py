"""What an accounting system says in a refusal, as people are shown it: text only, and never with our secret in it."""

from typing import Any

from integration_admin.adapters.base import Credentials, Outcome
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.core.actor import Actor
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services.record_story import RecordStories
from integration_admin.services.record_tracking import RecordTracking
from integration_admin.services.run_files import RunFiles
from integration_admin.services.run_records import RunRecords
from integration_admin.states.record import _event, _way
from integration_admin.states.run_lines import record_line
from integration_admin.states.speech import Speech
from tests.adapters.conftest import Serve
from tests.adapters.generic_rest.ledger import said, scripted, settings
from tests.builders import save_organisation
from tests.services.conftest import new_engine as new_engine  # noqa: PLC0414, a fixture of another folder
from tests.services.fake_adapter import FakeAdapter

CANARY = "canary-Zx81-secret"
WORDS = f'Key {CANARY} <b>unknown</b> <img src=x onerror="alert(1)"> <script'
SPEECH = Speech("en", "Europe/Oslo")


async def test_a_refusal_with_markup_and_our_key_in_it_is_shown_as_text_without_the_key(
    adapter: GenericRESTAdapter, serve: Serve, sqlite_database: Database, new_engine: Any
) -> None:
    server = await serve(scripted(said({"error": {"message": WORDS}, "status": "rejected"}, "422 No")))
    signed_in = Credentials(settings(f"http://127.0.0.1:{server.port}"), {"api_key": Secret(CANARY)})

    async def refuse(_: FakeAdapter, batch: Any) -> list[Outcome]:
        return await adapter.send(signed_in, batch)

    organisation = await save_organisation(sqlite_database, features=["xledger"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    engine = new_engine(sqlite_database, FakeAdapter(refuse, batch_size=1), actor)
    integration = await engine.set_up()
    await engine.receive(1)
    run = await engine.sync(integration)

    records = RunRecords(sqlite_database)
    (row,) = (await records.page(actor, run.id)).records
    story = await RecordStories(sqlite_database, RecordTracking(sqlite_database)).tell(
        actor, "expense_claim", "EC-1"
    )
    files = RunFiles(engine.runs, records)
    shown = {
        "run": repr(record_line(row, SPEECH)),
        "way": repr([_way(view, SPEECH) for view in story.tracked.deliveries]),
        "story": repr([_event(number, event, {}, SPEECH) for number, event in enumerate(story.events)]),
        "csv": "".join([piece async for piece in await files.csv(actor, run.id, "en")]),
        "json": "".join([piece async for piece in await files.json(actor, run.id, "en")]),
    }
    for place, text in shown.items():
        assert "unknown" in text, place
        assert CANARY not in text, place
        assert "<b>" not in text, place
        assert "onerror" not in text, place
    # A piece of text is never markup, and theirs is marked as the English it is.
    assert ("Key … unknown <script", True) in record_line(row, SPEECH)["reason"]
