"""The audit log's page: an administrator reads, filters and checks it; nobody else is sent a line."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import update

from integration_admin.data.models_access import AuditEvent
from integration_admin.pages import audit_log as drawn
from integration_admin.services import container
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.audit_chain_check import AuditChainCheck
from integration_admin.services.audit_log import AuditLog
from integration_admin.services.audit_words import AREAS
from integration_admin.states.access import AccessMiddleware
from integration_admin.states.audit_log import AuditLogState
from tests.fakes import START
from tests.states.people import People
from tests.states.tab import Tab, open_tab

PAGES = {"settings/audit-log": [AuditLogState.load]}
HERE = "/settings/audit-log"


@pytest.fixture
async def logged(people: People) -> People:
    async with people.database.write(people.alice.organisation_id) as unit:
        for number in range(60):
            await unit.audit.add(START, "Alice", "sign_in", address=f"192.0.2.{number}")
        await unit.audit.add(START, "scheduler", "token.create", "Script", scopes=["records:read"])
    service = AuditLog(people.database, AuditChainCheck(people.database), AdapterRegistry({}))
    known = SimpleNamespace(sign_in=container.current().sign_in, audit_log=service)
    container.install(cast("Any", known))
    return people


def numbers(tab: Tab) -> list[str]:
    return [line["number"] for line in tab[AuditLogState.lines]]


async def test_an_administrator_reads_filters_and_checks_it(logged: People) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await logged.session(logged.alice), HERE)
        assert (numbers(tab)[0], len(numbers(tab))) == ("61", 50)
        await tab.send(AuditLogState.more)
        assert (numbers(tab)[-1], len(numbers(tab))) == ("1", 61)
        await tab.send(AuditLogState.filter, form={"area": "people", "who": "scheduler"})
        assert numbers(tab) == ["61"]
        assert tab[AuditLogState.csv_address] == "/download/audit-log.csv?who=scheduler&area=people"
        await tab.connect(await logged.session(logged.alice), f"{HERE}?{tab[AuditLogState.asked]}")
        assert (numbers(tab), tab[AuditLogState.query]) == (["61"], {"who": "scheduler", "area": "people"})
        await tab.send(AuditLogState.filter, form={"since": "2026-11-02", "until": "2026-11-01"})
        assert [error["field"] for error in tab[AuditLogState.errors]] == ["until"], "nothing is in between"
        await tab.send(AuditLogState.filter, form={"since": "yesterday"})
        assert [error["field"] for error in tab[AuditLogState.errors]] == ["since"]
        await tab.send(AuditLogState.verify)
        assert "61" in tab[AuditLogState.found]
        async with logged.database.system(writes=True) as system:
            await system._session.execute(
                update(AuditEvent).where(AuditEvent.number == 7).values(actor="Mallory")
            )
        await tab.send(AuditLogState.verify)
        assert tab[AuditLogState.found] == ""
        assert "7" in tab[AuditLogState.faults][0]


async def test_others_are_sent_nothing_and_their_attempt_is_written_down(logged: People) -> None:
    async with open_tab(PAGES, AccessMiddleware()) as tab:
        await tab.connect(await logged.session(logged.bob), HERE)
        assert numbers(tab) == []
        await tab.send(AuditLogState.verify)
        assert tab[AuditLogState.found] == ""
    async with logged.database.read(logged.alice.organisation_id) as unit:
        newest = await unit.audit.latest(2)
    assert {(line.actor, line.action) for line in newest} == {("Bob", "access.denied")}


def test_the_page_offers_every_area_by_the_words_it_has() -> None:
    assert [area for area, _ in drawn._AREAS] == list(AREAS)
