"""The pages of compared months: the list, one month with what differs, comparing it, and signing it off."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import PasswordNeeded
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.reconciliation import Reconciliations
from integration_admin.services.reconciliation_work import ReconciliationWork
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.reauthentication import ReauthenticationState
from integration_admin.states.reconciliation import MonthState, ReconciliationsState
from tests.services.conftest import Engine
from tests.services.tells_holdings import TellsHoldings
from tests.states.people import People
from tests.states.tab import open_tab

PAGES = {
    "settings/integrations/[id]/reconciliation": [ReconciliationsState.load],
    "settings/integrations/[id]/reconciliation/[period]": [MonthState.load],
}


class Asking:
    """Reauthentication that asks once where a test wants it to."""

    def __init__(self) -> None:
        self.needed = False

    async def is_needed(self, *_: Any) -> bool:
        return self.needed

    async def has_passkey(self, *_: Any) -> bool:
        """Nobody has one."""
        return False

    async def provider_name(self, *_: Any) -> str:
        """Nor is anybody connected with a sign-in provider."""
        return ""

    async def asks_code(self, *_: Any) -> bool:
        return False

    async def require(self, *_: Any) -> None:
        if self.needed:
            sentence = msg("Confirm with your own password first.")
            raise PasswordNeeded(sentence, fields={"own_password": sentence})


@pytest.fixture
async def made(people: People, sqlite_database: Database, new_engine: Any) -> SimpleNamespace:
    """A month of two claims, of which the accounting system has lost one, compared after its end."""
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    far = TellsHoldings()
    engine: Engine = new_engine(sqlite_database, far, actor)
    work = ReconciliationWork(
        sqlite_database, AdapterRegistry({"xledger": far}), engine.credentials, engine.clock
    )
    service, integration = Reconciliations(sqlite_database, work, engine.clock), await engine.set_up()
    await engine.receive(2)
    await engine.sync(integration)
    far.loses("EC-1")
    engine.clock.set(datetime(2026, 12, 1, 8, 0, tzinfo=UTC))
    view = await service.finished(actor, (await service.start(actor, integration, "2026-11")).id)
    asking = Asking()
    services = SimpleNamespace(
        sign_in=container.current().sign_in,
        configuration=engine.configuration,
        reconciliations=service,
        reauthentication=asking,
    )
    container.install(cast("Any", services))
    base = f"/settings/integrations/{integration}/reconciliation"
    return SimpleNamespace(view=view, base=base, service=service, actor=actor, asking=asking)


async def test_the_list_and_the_month_say_what_differs_and_lead_to_the_record(
    people: People, made: SimpleNamespace
) -> None:
    session = await people.session(people.alice)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(session, made.base)
        rows = tab[ReconciliationsState.rows]
        assert [(row["period"], row["state"]) for row in rows] == [("2026-12", ""), ("2026-11", "differs")]
        assert rows[1]["href"] == f"{made.base}/2026-11"
        await tab.connect(session, f"{made.base}/2026-11")
        assert (tab[MonthState.state], len(tab[MonthState.sums])) == ("differs", 1)
        (line,) = tab[MonthState.lines]
        assert line["href"] == "/records/expense_claim/EC-1"
        await tab.send(MonthState.more)
        assert len(tab[MonthState.lines]) == 1, "a second press on what showed the last of them adds nothing"
        assert tab[MonthState.sha256] == made.view.csv_hash
        await tab.connect(session, f"{made.base}/2026-99999")
        assert (tab[MonthState.period], bool(tab[MonthState.refusal])) == ("", True)


async def test_signing_asks_for_the_password_and_is_for_good(people: People, made: SimpleNamespace) -> None:
    session = await people.session(people.alice)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(session, f"{made.base}/2026-11")
        made.asking.needed = True
        await tab.send(MonthState.sign, form={"note": "Booked by hand."})
        assert (tab[ReauthenticationState.needed], tab[MonthState.signed]) == (True, "")
        made.asking.needed = False
        await tab.send(MonthState.sign, form={"note": "x" * 1001})
        assert [error["field"] for error in tab[MonthState.errors]] == ["note"]
        await tab.send(MonthState.sign, form={"note": "Booked by hand."})
        assert "Alice" in tab[MonthState.signed]
        assert (tab[MonthState.note], len(tab[MonthState.done])) == ("Booked by hand.", 1)
        await tab.send(MonthState.sign, form={"note": "Something else."})
        assert tab[MonthState.refusal]
    assert (await made.service.get(made.actor, made.view.id)).note == "Booked by hand."


async def test_who_may_only_look_neither_compares_nor_signs(people: People, made: SimpleNamespace) -> None:
    session = await people.session(people.bob)
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(session, f"{made.base}/2026-11")
        await tab.send(MonthState.compare)
        await tab.send(MonthState.sign, form={"note": ""})
    views = await made.service.of_period(made.actor, made.view.integration_id, "2026-11")
    assert [(view.version, view.signed_by) for view in views] == [(1, "")]
