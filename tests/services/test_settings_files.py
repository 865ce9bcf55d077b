"""Settings as files: out without secrets, in again as a whole or not at all."""

import uuid
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select

from faults.looking import looking
from integration_admin.adapters.base import Connection, Credentials, Option, ReferenceData
from integration_admin.core.actor import Actor
from integration_admin.core.errors import AuthenticationFailed, Conflict, InvalidInput, NotFound, NotPermitted
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import IntegrationState, Role
from integration_admin.data.models import Credential, Integration
from integration_admin.data.models_access import AuditEvent
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.settings_files import SettingsFiles
from integration_admin.services.settings_steps import Applied, Change
from tests.builders import save_organisation
from tests.services.conftest import Engine
from tests.services.fake_adapter import ACCOUNTS

FILE = """\
type: xledger
name: Regnskap
settings: {address: "https://fake.example"}
mapping:
  account: {source: line.category, values: {travel.public_transport: "7140", no: 6800}}
  text: {compose: "{id} {line.description}"}
  credit_account: {constant: "2910"}
schedule: {kind: daily, at: "02:00", time_zone: Europe/Oslo, enabled: true}
excluded: [draft_activities, claimant.email, claimant.bank_account]
"""
TOKEN = "a-token-nobody-may-ever-see"
SECRETS = {"token": Secret(TOKEN)}


def files_of(engine: Engine) -> SettingsFiles:
    adapters = AdapterRegistry({"xledger": engine.adapter})
    return SettingsFiles(engine.database, adapters, engine.credentials._secrets, engine.runs, engine.clock)


async def apply(
    engine: Engine, file: str = FILE, secrets: dict[str, Secret] = SECRETS, actor: Actor | None = None
) -> Applied:
    return await files_of(engine).apply(actor or engine.actor, file.encode(), secrets)


async def written(engine: Engine, integration_id: uuid.UUID, actor: Actor | None = None) -> str:
    return await files_of(engine).export(actor or engine.actor, integration_id)


async def rows(engine: Engine, *tables: type[Any]) -> list[int]:
    async with looking(engine.database) as connection:
        return [await connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


async def refused(engine: Engine, file: str, secrets: dict[str, Secret] = SECRETS) -> dict[str, str]:
    """Apply a file that must be refused; return the sentences by place, and see that nothing has changed."""
    before = await rows(engine, Integration, Credential, AuditEvent)
    with pytest.raises(InvalidInput) as caught:
        await apply(engine, file, secrets)
    assert await rows(engine, Integration, Credential, AuditEvent) == before
    told = {place: str(sentence) for place, sentence in caught.value.fields.items()}
    assert TOKEN not in f"{caught.value} {caught.value.internal} {told}"
    return told


async def test_a_file_sets_up_an_integration_that_exports(engine: Engine) -> None:
    applied = await apply(engine)
    assert applied.change is Change.CREATED
    view = await engine.configuration.get(engine.actor, applied.integration_id)
    assert (view.state, view.name, view.tested_entity) == (IntegrationState.ACTIVE, "Regnskap", "Fake AS")
    schedule = await engine.schedules.get(engine.actor, applied.integration_id)
    assert (schedule.enabled, schedule.next_slots[0].local_time[-5:]) == (True, "02:00")
    await engine.receive(2)
    run = await engine.sync(applied.integration_id)
    assert (run.delivered, len(engine.adapter.ledger)) == (2, 2)


async def test_what_is_written_has_the_shape_of_the_file_and_no_secret(engine: Engine) -> None:
    applied = await apply(engine)
    text = await written(engine, applied.integration_id)
    assert TOKEN not in text
    assert "token" not in text
    assert list(yaml.safe_load(text)) == ["type", "name", "settings", "mapping", "schedule", "excluded"]
    assert yaml.safe_load(text) == {
        "type": "xledger",
        "name": "Regnskap",
        "settings": {"address": "https://fake.example"},
        "mapping": {
            "account": {
                "source": "line.category",
                "values": {"no": "6800", "travel.public_transport": "7140"},
            },
            "text": {"compose": "{id} {line.description}"},
            "credit_account": {"constant": "2910"},
        },
        "schedule": {"kind": "daily", "at": "02:00", "time_zone": "Europe/Oslo", "enabled": True},
        "excluded": ["claimant.bank_account", "claimant.email", "draft_activities"],
    }


SCHEDULES = [
    "{kind: hourly, at: '00:17', time_zone: UTC, enabled: false}",
    "{kind: weekly, at: '12:30', day: 5, time_zone: Europe/Oslo, enabled: true}",
    "{kind: monthly, at: '23:59', day: 0, time_zone: Europe/Oslo, enabled: true}",
    "{kind: cron, cron_line: '15 2-5 * * 1', time_zone: Pacific/Apia, enabled: true}",
    "{kind: manual, time_zone: Europe/Oslo, enabled: true}",
]


@pytest.mark.parametrize("schedule", SCHEDULES)
async def test_what_one_organisation_writes_another_one_reads_and_writes_the_same(
    engine: Engine, schedule: str
) -> None:
    lines = FILE.splitlines()
    lines[7] = f"schedule: {schedule}"
    first = await apply(engine, "\n".join(lines))
    text = await written(engine, first.integration_id)
    assert yaml.safe_load(text)["schedule"] == yaml.safe_load(schedule)
    other = await save_organisation(engine.database, name="Et annet forbund", features=["xledger"])
    bob = Actor(other.id, "Bob", Role.ADMINISTRATOR)
    second = await apply(engine, text, SECRETS, bob)
    assert second.change is Change.CREATED
    assert await written(engine, second.integration_id, bob) == text


async def test_a_file_that_says_nothing_new_changes_nothing(engine: Engine) -> None:
    first = await apply(engine)
    before = await engine.configuration.get(engine.actor, first.integration_id)
    engine.adapter.connect = lambda _: pytest.fail("nothing new has to be tested")
    again = await apply(engine, await written(engine, first.integration_id), {})
    assert (again.change, again.integration_id) == (Change.UNCHANGED, first.integration_id)
    assert await engine.configuration.get(engine.actor, first.integration_id) == before


async def test_a_part_that_is_not_in_the_file_stays_as_it_is(engine: Engine) -> None:
    first = await apply(engine)
    changed = await apply(engine, "type: xledger\nname: Regnskap\nexcluded: [purpose]\n", {})
    assert (changed.change, changed.integration_id) == (Change.UPDATED, first.integration_id)
    before, after = yaml.safe_load(FILE), yaml.safe_load(await written(engine, first.integration_id))
    assert after.pop("excluded") == ["purpose"]
    assert after.pop("mapping")["account"]["values"]["no"] == "6800"
    assert after == {name: before[name] for name in ("type", "name", "settings", "schedule")}


async def test_a_new_secret_is_tested_and_takes_the_place_of_the_old_one(engine: Engine) -> None:
    seen: list[str] = []

    def connect(credentials: Credentials) -> Connection:
        seen.append(credentials.secrets["token"].reveal())
        return Connection("Fake AS")

    engine.adapter.connect = connect
    applied = await apply(engine)
    changed = await apply(engine, FILE, {"token": Secret("a-new-token")})
    assert (changed.change, changed.integration_id) == (Change.UPDATED, applied.integration_id)
    assert seen == [TOKEN, "a-new-token"]
    view = await engine.configuration.get(engine.actor, applied.integration_id)
    assert (view.state, view.stop_message) == (IntegrationState.ACTIVE, None)


async def test_refused_credentials_leave_nothing_behind(engine: Engine) -> None:
    def connect(_: Credentials) -> Connection:
        raise AuthenticationFailed(msg("The token is refused."))

    engine.adapter.connect = connect
    told = await refused(engine, FILE)
    assert told == {"connection": "The connection test did not pass: The token is refused."}
    assert await rows(engine, Integration) == [0]


async def test_what_must_be_chosen_in_the_accounting_system_is_listed(engine: Engine) -> None:
    options = (Option("7", "Fake AS"), Option("8", "Another AS"))
    engine.adapter.connect = lambda _: Connection(
        "", found={"address": options}, undecided={"address": msg("Choose a company.")}
    )
    told = await refused(engine, FILE)
    assert told["settings.address"] == "Choose one of these: 7 (Fake AS), 8 (Another AS)."


async def test_a_mapping_that_cannot_work_undoes_the_rest(engine: Engine) -> None:
    told = await refused(engine, FILE.replace("credit_account:", "creditaccount:"))
    assert set(told) == {"mapping.creditaccount", "mapping.credit_account"}
    applied = await apply(engine)
    text = await written(engine, applied.integration_id)
    told = await refused(
        engine, text.replace("kind: daily", "kind: weekly\n  day: 3").replace("  account:", "  acount:")
    )
    assert set(told) == {"mapping.acount", "mapping.account"}
    assert await written(engine, applied.integration_id) == text


async def test_codes_the_accounting_system_does_not_have_are_told_as_in_the_editor(engine: Engine) -> None:
    async def lists(_: Credentials) -> ReferenceData:
        return ReferenceData({"accounts": ACCOUNTS})

    engine.adapter.reference_data = lists  # type: ignore[method-assign]  # this test's own far side
    applied = await apply(engine, FILE.replace("7140", "7104"))
    assert [str(warning) for warning in applied.warnings] == [
        "The accounting system has no code 7104. Did you mean 7140?"
    ]


WRONG = [
    (
        "name: Regnskap",
        "nmae: Regnskap",
        {"nmae": "This name is not known here.", "name": "This is missing."},
    ),
    ("constant: ", "konstant: ", {"mapping.credit_account.konstant": "This name is not known here."}),
    ("kind: daily", "kind: nightly", {"schedule.kind": "Choose one of the options."}),
    ('at: "02:00"', "at: 25:00", {"schedule.at": "Write the time as 02:00."}),
    ("Europe/Oslo", "Norway/Oslo", {"schedule.time_zone": None}),
    ("enabled: true", "enabled: perhaps", {"schedule.enabled": "Write true or false."}),
    ("enabled: true", "every: day", {"schedule.every": "This name is not known here."}),
    ("source: line.category", "source: line.kind", {"mapping.account": None}),
    ("draft_activities", "dreams", {"excluded.dreams": None}),
    ("{address:", "{adress:", {"settings.adress": "There is no such setting. Known are address."}),
    ("https://fake", "http://fake", {"settings.address": "Write https."}),
    ("name: Regnskap", "name: ''", {"name": None}),
    ("text: {compose:", "text: [compose:", {}),
    ('{constant: "2910"}', "2910", {"mapping.credit_account": "Names with values are expected here."}),
    (
        '{constant: "2910"}',
        "{source: id, constant: x}",
        {"mapping.credit_account": "Give exactly one of source, constant and compose."},
    ),
    (
        '{constant: "2910"}',
        f"{{constant: {'9' * 501}}}",
        {"mapping.credit_account.constant": "This is too long: at most 500 characters."},
    ),
    ("[draft_activities", "nothing #", {"excluded": "A list is expected here."}),
]


@pytest.mark.parametrize(("right", "wrong", "places"), WRONG)
async def test_what_is_wrong_is_told_by_its_place_and_nothing_is_stored(
    engine: Engine, right: str, wrong: str, places: dict[str, str | None]
) -> None:
    told = await refused(engine, FILE.replace(right, wrong, 1))
    assert set(places) <= set(told)
    assert {place: told[place] for place, said in places.items() if said} == {
        place: said for place, said in places.items() if said
    }


async def test_a_secret_in_the_file_or_under_a_wrong_name_is_refused_without_telling_it(
    engine: Engine,
) -> None:
    told = await refused(engine, FILE.replace("{address:", f"{{token: {TOKEN}, address:"), {})
    assert told == {
        "settings.token": "This is a secret and does not belong in the file. Give it with --secret token=@FILE"
    }
    told = await refused(engine, FILE, {"tokken": Secret(TOKEN), "address": Secret(TOKEN)})
    assert set(told) == {"secret.tokken", "secret.address"}
    assert await refused(engine, FILE, {}) == {"secret.token": "Fill in this field."}


async def test_a_new_integration_needs_every_part(engine: Engine) -> None:
    told = await refused(engine, "type: xledger\nname: Regnskap\n")
    assert set(told) == {"mapping", "schedule"}


async def test_a_type_the_organisation_does_not_have_is_refused(engine: Engine) -> None:
    with pytest.raises(NotFound):
        await apply(engine, FILE.replace("xledger", "quickledger"))
    other = await save_organisation(engine.database, name="Uten", features=[])
    with pytest.raises(NotFound):
        await apply(engine, actor=Actor(other.id, "Bob", Role.ADMINISTRATOR))


async def test_only_who_may_configure_writes_or_reads_files(engine: Engine) -> None:
    applied = await apply(engine)
    viewer = Actor(engine.actor.organisation_id, "Vera", Role.VIEWER)
    with pytest.raises(NotPermitted):
        await apply(engine, actor=viewer)
    with pytest.raises(NotPermitted):
        await written(engine, applied.integration_id, viewer)


async def test_another_organisation_does_not_see_it(engine: Engine) -> None:
    applied = await apply(engine)
    other = await save_organisation(engine.database, name="Et annet forbund", features=["xledger"])
    with pytest.raises(NotFound):
        await written(engine, applied.integration_id, Actor(other.id, "Bob", Role.ADMINISTRATOR))


async def test_an_unfinished_set_up_of_that_name_is_finished(engine: Engine) -> None:
    draft = await engine.configuration.begin(engine.actor, "xledger")
    name = (await engine.configuration.get(engine.actor, draft)).name
    assert yaml.safe_load(await written(engine, draft)) == {
        "type": "xledger", "name": name, "settings": {}, "excluded": []
    }  # fmt: skip
    applied = await apply(engine, FILE.replace("Regnskap", name))
    assert (applied.integration_id, applied.change) == (draft, Change.UPDATED)
    assert (await engine.configuration.get(engine.actor, draft)).state is IntegrationState.ACTIVE


async def test_a_file_about_two_integrations_is_refused(engine: Engine) -> None:
    for _ in range(2):
        await engine.configuration.begin(engine.actor, "xledger")
    with pytest.raises(Conflict):
        await apply(engine, FILE.replace("Regnskap", "Fake ledger"))


async def test_somebody_who_changes_it_while_the_connection_is_tested_is_not_written_over(
    engine: Engine,
) -> None:
    applied = await apply(engine)
    works = engine.adapter.reference_data

    async def meanwhile(credentials: Credentials) -> ReferenceData:
        await engine.credentials.store(
            engine.actor,
            applied.integration_id,
            (await engine.configuration.get(engine.actor, applied.integration_id)).version,
            {"token": "of-somebody-else"},
        )
        return await works(credentials)

    engine.adapter.reference_data = meanwhile  # type: ignore[method-assign]  # this test's own far side
    with pytest.raises(Conflict):
        await apply(engine, FILE, {"token": Secret("a-new-token")})


async def test_an_integration_that_has_exported_keeps_its_address(engine: Engine) -> None:
    applied = await apply(engine)
    await engine.receive(1)
    await engine.sync(applied.integration_id)
    before = await written(engine, applied.integration_id)
    with pytest.raises(Conflict):
        await apply(engine, FILE.replace("fake.example", "another.example"))
    assert await written(engine, applied.integration_id) == before
