"""The audit log: who did what, filtered and page by page, and whether every line is as it was written."""

from typing import TypedDict
from urllib.parse import urlencode

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.audit_chain_check import ChainReport
from integration_admin.services.audit_log import AuditLine, AuditQuery
from integration_admin.states.access import requires, shows_now
from integration_admin.states.addresses import asked_words
from integration_admin.states.forms import FormState
from integration_admin.states.reader import current_reader
from integration_admin.states.speech import Speech

_FILTERS = ("who", "area", "integration", "since", "until")
_LONGEST = 200


class AuditRow(TypedDict):
    """One line in the reader's words."""

    number: str
    at: str
    who: str
    sentence: str
    details: list[str]


class AuditLogState(FormState, rx.State):
    """Some lines of the audit log, newest first."""

    ready: bool = False
    lines: list[AuditRow] = []  # noqa: RUF012, Reflex copies defaults
    before: int = 0
    """The number the next page begins below; zero when there are no more lines."""
    people: list[tuple[str, str]] = []  # noqa: RUF012, Reflex copies defaults
    integrations: list[tuple[str, str]] = []  # noqa: RUF012, Reflex copies defaults
    query: dict[str, str] = {}  # noqa: RUF012, Reflex copies defaults
    """What is asked for, by the names of the form's fields."""
    asked: str = ""
    """The same as part of an address."""
    csv_address: str = ""
    json_address: str = ""
    found: str = ""
    """What checking the whole log has led to, where nothing is wrong."""
    times_checked: int = 0
    faults: list[str] = []  # noqa: RUF012, Reflex copies defaults

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> None:
        """Read the newest lines, and what can be filtered by."""
        reader = await current_reader()
        self.ready, self.found, self.faults = False, "", []
        try:
            choices = await container.current().audit_log.choices(reader.actor)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.people = [(name, reader.speech.person(name)) for name in choices.people]
        self.integrations = list(choices.integrations)
        await self._show(asked_words(self.router.url, _FILTERS))
        self.times_read += 1
        self.ready = True

    @rx.event
    @requires(Permission.CONFIGURE)
    async def filter(self, form: dict) -> None:
        """Show only what the form asks for."""
        await self._show({name: str(form.get(name, ""))[:_LONGEST] for name in _FILTERS})
        await shows_now(self, self.asked)

    @rx.event
    @requires(Permission.CONFIGURE)
    async def more(self) -> None:
        """Add the lines before those shown."""
        if self.before:
            await self._read(self.before)

    @rx.event
    @requires(Permission.CONFIGURE)
    async def verify(self) -> None:
        """Check the whole log."""
        reader = await current_reader()
        self.found, self.faults = "", []
        self.times_checked += 1
        report = await container.current().audit_log.verify(reader.actor)
        self.faults = [reader.speech.say(fault) for fault in report.faults]
        self.found = _told(report, reader.speech) if report.whole else ""

    async def _show(self, query: dict[str, str]) -> None:
        self.lines, self.before, self.query = [], 0, query
        self.asked = urlencode({name: value for name, value in query.items() if value})
        self.csv_address, self.json_address = (
            f"/download/audit-log.{form}?{self.asked}" if self.asked else f"/download/audit-log.{form}"
            for form in ("csv", "json")
        )
        await self._read(0)

    async def _read(self, before: int) -> None:
        reader = await current_reader()
        self._clear()
        try:
            page = await container.current().audit_log.page(reader.actor, AuditQuery(**self.query), before)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.lines = [*self.lines, *(_row(line, reader.speech) for line in page.lines)]
        self.before = page.before
        self._announce(reader.speech.say(msg("Lines shown: {count}.", count=len(self.lines))))


def _row(line: AuditLine, speech: Speech) -> AuditRow:
    return {
        "number": str(line.number),
        "at": speech.instant(line.at),
        "who": speech.person(line.actor),
        "sentence": speech.say(line.sentence),
        "details": [speech.say(detail) for detail in line.details],
    }


def _told(report: ChainReport, speech: Speech) -> str:
    """Say that everything is there, with what an auditor notes down elsewhere."""
    if not report.number:
        return speech.say(msg("There are no lines to check."))
    return speech.say(
        msg(
            "All {count} lines are as they were written. The last one is number {number}, its hash begins"
            " with {hash}.",
            count=report.lines,
            number=report.number,
            hash=report.hash[:16],
        )
    )
