"""The audit log is read in words and by filter, by administrators only, and goes out as files nobody can calculate with."""

import csv
import io
import json
import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

import integration_admin.services
from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput, NotPermitted
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Role
from integration_admin.data.audit_chain import ChainLine, digest
from integration_admin.data.database import Database
from integration_admin.services.audit_chain_check import AuditChainCheck
from integration_admin.services.audit_log import AuditLog, AuditQuery
from integration_admin.services.audit_words import ACTIONS, AREAS, actions_of, details, sentence
from tests.builders import make_member, save_integration, save_organisation
from tests.fakes import START

EVIL = '=HYPERLINK("http://evil")'
ADDED = re.compile(
    r'(?:audit\.add|_settle|_note)\((?:[^"()]|\([^()]*\)|"command line"|"retention")*"([a-z_]+\.[a-z_.]+)"'
)


class Log:
    """An audit log with a line of each sort, and somebody who may read it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.service = AuditLog(database, AuditChainCheck(database))
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
        "Decided that expense_claim EC-1 is booked already",
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
        "Decided that expense_claim EC-1 is booked already",
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


def test_every_action_that_is_written_has_words_and_an_area() -> None:
    folder = Path(integration_admin.services.__file__).parent
    found = {action for file in folder.glob("*.py") for action in ADDED.findall(file.read_text())}
    assert {"mapping.save", "sign_in.refused", "record.found"} <= found
    assert found - set(ACTIONS) == set()
    assert {action for area in AREAS for action in actions_of(area)} == set(ACTIONS)


def test_an_action_without_words_is_still_told() -> None:
    assert str(sentence("thing.done", "x", {}, {})) == "thing.done x"


def test_what_is_left_out_is_told_by_what_came_and_what_went() -> None:
    told = details({"old": {"categories": ["purpose"]}, "new": {"categories": ["claimant.email", "odd"]}})
    assert [str(line) for line in told] == [
        "Left out from now on: Claimant’s e-mail address",
        "Left out from now on: odd",
        "No longer left out: Purpose",
    ]


def test_changes_and_accepted_warnings_are_told_as_they_were_said() -> None:
    said = msg("It was {what}.", what="so").to_json()
    told = details({"changes": [said], "accepted_warnings": [said], "count": 1})
    assert [str(line) for line in told] == ["It was so.", "Number: 1", "Accepted: It was so."]
