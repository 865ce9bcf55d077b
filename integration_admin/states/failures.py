"""Records that were not delivered: one as a row, and the page with all failures of an integration by their cause."""

import uuid
from typing import Final, TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState, FateState, Permission
from integration_admin.services import container
from integration_admin.services.failure_causes import CauseKey
from integration_admin.services.failures import OPEN, WITH_PEOPLE
from integration_admin.services.views import FailureView
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration, asked_word, shown_id
from integration_admin.states.failure_causes import (
    FailedLine,
    Handling,
    cause_lines,
    failed_lines,
)
from integration_admin.states.forms import FormState
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.records import record_address
from integration_admin.states.speech import Speech

SHELVES: Final = ("open", "person", "ended")

_TO_DO = {
    DeliveryState.NEEDS_PERSON: "decide",
    DeliveryState.DELIVERED: "done",
    DeliveryState.REJECTED: "mend",
    DeliveryState.DISMISSED: "dismissed",
}


class FailureLine(TypedDict):
    """One record that was not delivered, and why; `todo` is a `Fix`, done, dismissed or wait."""

    kind: str
    record: str
    href: str
    amount: str
    reason: list[tuple[str, bool]]
    """In parts, each with whether it is the accounting system's own English words."""
    todo: str
    integration: str
    dismissed: str


def failure_line(item: FailureView, speech: Speech, integration_id: str) -> FailureLine:
    """Turn a failure into a row, with what is to be done about it."""
    todo = "there" if item.fate is FateState.REJECTED else _TO_DO.get(item.state, "wait")
    return {
        "kind": item.record_kind,
        "record": item.record_id,
        "href": record_address(item.record_kind, item.record_id),
        "amount": speech.money(item.amount),
        "reason": speech.pieces(item.message),
        "todo": item.fix.value if todo == "mend" else todo,
        "integration": f"/settings/integrations/{integration_id}",
        "dismissed": speech.say(item.dismissed),
    }


class FailuresState(Handling, FormState, rx.State):
    """The failures of one integration: open ones and those that wait for a person by cause, ended ones in a list.

    `opened` is the cause whose records are shown; `decided` is what was done last, and takes the focus.
    """

    ready: bool = False
    integration_id: str = ""
    name: str = ""
    shelf: str = SHELVES[0]
    next_causes: str = ""
    opened: str = ""
    records: list[FailedLine] = []  # noqa: RUF012, Reflex copies defaults
    next_records: int = 0
    decided: list[str] = []  # noqa: RUF012, Reflex copies defaults

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> rx.event.EventSpec | None:
        """Read what the address asks for: `show` is open, person or ended, `cause` the one to open."""
        reader = await current_reader()
        self._clear()
        self.ready, self.decided, self.announcement, self._begun = False, [], "", ""
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return rx.redirect("/404", replace=True)
        self.shelf = asked_word(self.router.url, "show", SHELVES)
        self.opened = str(self.router.url.query_parameters.get("cause", ""))[:64]
        try:
            view = await container.current().configuration.get(reader.actor, integration_id)
            self.integration_id, self.name = str(integration_id), view.name
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
        self.ready = True
        return None

    @rx.event
    @requires(Permission.VIEW)
    async def open_cause(self, key: str) -> None:
        """Show the first records of a cause, or hide them again."""
        reader = await current_reader()
        self._clear()
        self.opened = "" if self.opened == str(key) else str(key)[:64]
        self.records, self.next_records = [], 0
        await self._more_or_refuse(reader)

    @rx.event
    @requires(Permission.VIEW)
    async def more_records(self) -> None:
        """Show the records after those shown."""
        reader = await current_reader()
        self._clear()
        if self.next_records:
            await self._more_or_refuse(reader)
            shown = msg("Records shown: {count}.", count=len(self.records))
            self._announce(reader.speech.say(shown))

    @rx.event
    @requires(Permission.VIEW)
    async def more_causes(self) -> None:
        """Show the causes after those shown."""
        reader = await current_reader()
        self._clear()
        if not self.next_causes:
            return
        try:
            await self._read_causes(reader, shown_id(self.integration_id), self.next_causes)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self._announce(reader.speech.say(msg("Causes shown: {count}.", count=len(self.causes))))

    @rx.event
    @requires(Permission.RUN)
    async def put_right(self, kind: str, record: str) -> None:
        """Note that a person has put right there what was refused after import."""

        async def act(reader: Reader, integration_id: uuid.UUID) -> Message:
            key = (str(kind), str(record))
            await container.current().decisions.put_right(reader.actor, integration_id, key)
            return msg("{record} counts as booked.", record=key[1])

        await self._carry_out(act)

    async def _retried(self) -> rx.event.EventSpec:
        return rx.redirect(f"/settings/integrations/{self.integration_id}")

    async def _read(self, reader: Reader, integration_id: uuid.UUID) -> None:
        self.records, self.next_records = [], 0
        self.causes, self.next_causes = [], ""
        if self.shelf != "ended":
            await self._read_causes(reader, integration_id, "")
        await self._more(reader)

    async def _read_causes(self, reader: Reader, integration_id: uuid.UUID, cursor: str) -> None:
        states = WITH_PEOPLE if self.shelf == "person" else OPEN
        page = await container.current().failures.causes(reader.actor, integration_id, states, cursor)
        shown = self.causes if cursor else []
        self.causes = cause_lines(shown, page.causes, reader.speech, self.integration_id)
        self.next_causes = page.next_cursor

    async def _more_or_refuse(self, reader: Reader) -> None:
        try:
            await self._more(reader)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)

    async def _more(self, reader: Reader) -> None:
        """Read the records of the opened cause, or those that ended, after the ones shown."""
        failures, integration_id = container.current().failures, shown_id(self.integration_id)
        if self.shelf == "ended":
            page = await failures.ended(reader.actor, integration_id, self.next_records)
        elif self.opened:
            key = CauseKey.read(self.opened)
            page = await failures.records(reader.actor, integration_id, key, self.next_records)
        else:
            return
        fix = next((line["fix"] for line in self.causes if line["key"] == self.opened), "")
        self.records = failed_lines(self.records, page.records, reader.speech, fix)
        self.next_records = page.next_cursor
