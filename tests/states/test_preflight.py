"""What an integration's page says of the next run: the sentence, each reason, and where it is mended."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.health import HealthState
from tests.fakes import START
from tests.services.conftest import Engine
from tests.services.fake_adapter import FakeAdapter
from tests.states.people import People
from tests.states.tab import open_tab

PAGES = {"settings/integrations/[id]": [HealthState.load]}
GROUPS = [
    {"message": msg("It is closed.").to_json(), "field": "account", "records": 1200, "kind": "expense_claim"},
    {"message": msg("It is unreadable.").to_json(), "field": "", "records": 1, "kind": "expense_claim"},
]
WOULD_FAIL = {
    "would_go": 5,
    "would_fail": 1201,
    "complete": True,
    "reasons": {"groups": [group | {"record_id": "EC-9"} for group in GROUPS], "more": 0},
    "needs_person": True,
}
KEPT_OUT = {"trouble": msg("The token is not known.").to_json(), "needs_person": True}


@pytest.mark.parametrize("found", [WOULD_FAIL, KEPT_OUT], ids=["would fail", "kept out"])
async def test_the_page_says_what_will_happen_and_where_to_mend_it(
    people: People, sqlite_database: Database, new_engine: Any, found: dict[str, Any]
) -> None:
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    engine: Engine = new_engine(sqlite_database, FakeAdapter(), actor)
    session, integration = await people.session(people.alice), await engine.set_up()
    version = (await engine.configuration.get(actor, integration)).version
    begun = {"version": version, "now": START, "given_up_before": START}
    async with engine.database.write(actor.organisation_id) as unit:
        await unit.preflights.claim(integration, "2026-11-21", due_at=START + timedelta(hours=13), **begun)
        assert await unit.preflights.finish(integration, START, START, **found)
    services = SimpleNamespace(
        sign_in=container.current().sign_in,
        configuration=engine.configuration,
        health=engine.health,
        failures=engine.failures,
    )
    container.install(cast("Any", services))

    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(session, f"/settings/integrations/{integration}")

    assert (tab[HealthState.preflight_time], tab[HealthState.status]) == ("02:00", "needs_attention")
    said = "".join(text for text, _ in tab[HealthState.preflight])
    assert said == tab[HealthState.sentence]
    lines = tab[HealthState.preflight_reasons]
    assert tab[HealthState.preflight_kept_out] is (found is KEPT_OUT)
    if found is WOULD_FAIL:
        assert [line["fix"] for line in lines] == ["mapping", "either"]
        assert lines[0]["records"].endswith("EC-9")
        assert lines[0]["records"] != lines[1]["records"] == "EC-9"
        assert len(tab[HealthState.preflight_remarks]) == 1
    else:
        assert lines == []
        assert "The token is not known." in said
