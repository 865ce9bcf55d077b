"""The audit log is read in words and by filter, by administrators only, and goes out as files nobody can calculate with."""

import csv
import io
import json
import uuid
from datetime import timedelta

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput, NotPermitted
from integration_admin.core.statuses import Role
from integration_admin.data.audit_chain import ChainLine, digest
from integration_admin.data.database import Database
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.audit_chain_check import AuditChainCheck
from integration_admin.services.audit_log import AuditLog, AuditQuery
from tests.builders import make_member, save_integration, save_organisation
from tests.fakes import START

EVIL = '=HYPERLINK("http://evil")'


class Log:
    """An audit log with a line of each sort, and somebody who may read it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.service = AuditLog(database, AuditChainCheck(database), AdapterRegistry({}))
        self.alice = make_member("Alice", email="alice@example.org")

    async def write(self) -> "Log":
        organisation = await save_organisation(self.database, self.alice)
        self.actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR, self.alice.id)
        integration = await save_integration(self.database, organisation.id, name="Regnskap")
        self.integration = str(integration.id)
        async with self.database.write(organisation.id) as unit:
            day = timedelta(days=1)
            await unit.audit.add(START - 2 * day, "alice@example.org", "sign_in", address="192.0.2.1")
            renamed = {"old": {"name": "Old"}, "new": {"name": EVIL}}
            await unit.audit.add(START - day, "Alice", "integration.save", self.integration, **renamed)
            about = {"integration": self.integration, "reference": "r-1"}
            await unit.audit.add(START, "Bob", "record.found", "expense_claim EC-1", **about)
            await unit.audit.add(START, EVIL, "integration.discard", str(uuid.uuid4()), old={"name": "Gone"})
        return self

    async def sentences(self, **query: str) -> list[str]:
        page = await self.service.page(self.actor, AuditQuery(**query))
        return [str(line.sentence) for line in page.lines]

    async def file(self, form: str, **query: str) -> str:
        pieces = await self.service.export(self.actor, AuditQuery(**query), form, "en")  # type: ignore[arg-type]  # one of the two
        return b"".join([piece async for piece in pieces]).decode("utf-8-sig")


@pytest.fixture
async def log(sqlite_database: Database) -> Log:
    return await Log(sqlite_database).write()


async def test_lines_are_read_newest_first_in_words_with_what_was_changed(log: Log) -> None:
    assert await log.sentences() == [
        "Discarded the set-up of “Gone”",
        "Decided that EC-1 is booked already",
        "Saved “Regnskap”",
        "Signed in",
    ]
    page = await log.service.page(log.actor, AuditQuery())
    assert [str(detail) for detail in page.lines[2].details] == [f"Name: from “Old” to “{EVIL}”"]
    assert [str(detail) for detail in page.lines[3].details] == ["Network address: 192.0.2.1"]


async def test_each_filter_shows_only_what_it_asks_for(log: Log) -> None:
    assert await log.sentences(who="Alice") == ["Saved “Regnskap”", "Signed in"]
    assert await log.sentences(area="integration") == ["Discarded the set-up of “Gone”", "Saved “Regnskap”"]
    assert await log.sentences(integration=log.integration) == [
        "Decided that EC-1 is booked already",
        "Saved “Regnskap”",
    ]
    assert await log.sentences(since="2026-11-20", until="2026-11-20") == ["Saved “Regnskap”"]
    assert await log.sentences(who="Bob", area="sign_in") == []
    with pytest.raises(InvalidInput) as caught:
        await log.sentences(since="20.11.2026")
    assert set(caught.value.fields) == {"since"}


async def test_people_are_chosen_by_name_even_where_their_address_was_written(log: Log) -> None:
    choices = await log.service.choices(log.actor)
    assert choices.people == (EVIL, "Alice", "Bob")
    assert choices.integrations == ((log.integration, "Regnskap"),)


async def test_pages_follow_each_other_without_a_gap(log: Log) -> None:
    first = await log.service.page(log.actor, AuditQuery(), limit=3)
    second = await log.service.page(log.actor, AuditQuery(), first.before, limit=3)
    assert [line.number for line in (*first.lines, *second.lines)] == [4, 3, 2, 1]
    assert second.before == 0


async def test_nobody_but_an_administrator_reads_it(log: Log) -> None:
    bob = Actor(log.actor.organisation_id, "Bob", Role.COORDINATOR)
    for attempt in (
        log.service.page(bob, AuditQuery()),
        log.service.choices(bob),
        log.service.verify(bob),
        log.service.export(bob, AuditQuery(), "csv", "en"),
    ):
        with pytest.raises(NotPermitted):
            await attempt


async def test_a_spreadsheet_calculates_with_no_cell(log: Log) -> None:
    rows = list(csv.reader(io.StringIO(await log.file("csv")), delimiter=";"))
    assert rows[0][:4] == ["Number", "When", "Who", "What"]
    assert rows[1][2] == f"'{EVIL}"
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert len(list(csv.reader(io.StringIO(await log.file("csv", who="Bob"))))) == 2


async def test_from_the_json_file_anybody_can_compute_the_chain(log: Log) -> None:
    lines = list(reversed(json.loads(await log.file("json"))))
    before = "0" * 64
    for line in lines:
        canonical = {name: value for name, value in line.items() if name != "hash"}
        assert canonical["previous"] == before
        stored = ChainLine(
            uuid.UUID(line["organisation"]), line["number"], START.fromisoformat(line["at"]), line["actor"],
            line["action"], line["target"], line["detail"], before,
        )  # fmt: skip
        before = digest(stored)
        assert line["hash"] == before
    assert json.loads(await log.file("json", who="Nobody")) == []


async def test_checking_a_whole_log_finds_nothing(log: Log) -> None:
    report = await log.service.verify(log.actor)
    assert (report.whole, report.lines) == (True, 4)
