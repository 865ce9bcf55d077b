"""What a person decides about records whose outcome nobody knows. Part of the state of an integration's page."""

from collections.abc import Sequence
from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import Conflict, IntegrationAdminError
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.decisions import DecisionView, RecordKey
from integration_admin.states.access import requires
from integration_admin.states.addresses import shown_id
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.speech import Speech

_NAMED = 5


class DecisionLine(TypedDict):
    """One record that waits; `reference` names it in the page's ids too."""

    reference: str
    kind: str
    record: str
    amount: str
    voucher_number: str
    sent: str
    reason: list[tuple[str, bool]]
    """In parts, each with whether it is the accounting system's own English words."""
    may_send_again: bool


class Deciding(rx.State, mixin=True):
    """The records that wait for a person.

    `decided` holds the sentence about what was done last. It takes the focus, for what was pressed is gone.
    """

    decisions: list[DecisionLine] = []  # noqa: RUF012, Reflex copies defaults
    sendable: int = 0
    beyond: str = ""
    decided: list[str] = []  # noqa: RUF012, Reflex copies defaults

    @rx.event
    @requires(Permission.RUN)
    async def found(self, form: dict) -> None:
        """Note that a record is in the accounting system, under the number that was typed."""
        reference, number = str(form.get("reference", "")), str(form.get("voucher_number", ""))
        reader, records = await current_reader(), self._records(reference)
        done = msg(
            "{record} counts as exported, with voucher number {number}.",
            record=_ids(records),
            number=number.strip(),
        )
        if await self._decide(reader, records, done, voucher_number=number):
            return
        # The field of each record has an id of its own.
        self.errors = [{**error, "field": f"number-{reference}"} for error in self.errors]

    @rx.event
    @requires(Permission.RUN)
    async def send_again(self, reference: str) -> None:
        """Let a record go out again with the next export."""
        await self._send_again(self._records(str(reference)))

    @rx.event
    @requires(Permission.RUN)
    async def send_all_again(self) -> None:
        """Let every record that is shown, and may be sent again, go out with the next export."""
        await self._send_again([_key(line) for line in self.decisions if line["may_send_again"]])

    @rx.event
    @requires(Permission.RUN)
    async def put_right(self, kind: str, record: str) -> None:
        """Note that a person has put right there what was refused after import."""
        reader = await current_reader()
        self._clear()
        self.decided = []
        integration_id = shown_id(self.integration_id)
        key = (str(kind), str(record))
        try:
            await container.current().decisions.put_right(reader.actor, integration_id, key)
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            return
        self.decided = [reader.speech.say(msg("{record} counts as booked.", record=key[1]))]
        self.times_told += 1

    async def _send_again(self, records: list[RecordKey]) -> None:
        reader = await current_reader()
        done = msg(
            "Records that go out again with the next export: {records}. Their references stay the same.",
            records=_ids_or_count(records, reader.speech),
        )
        await self._decide(reader, records, done)

    async def _decide(
        self, reader: Reader, records: list[RecordKey], done: Message, voucher_number: str | None = None
    ) -> bool:
        """Carry out a decision and show what is left; return whether it was done."""
        self._clear()
        self.decided = []
        integration_id = shown_id(self.integration_id)
        decisions = container.current().decisions
        try:
            if not records:
                raise Conflict(msg("This record does not wait for you any more."))
            if voucher_number is None:
                await decisions.send_again(reader.actor, integration_id, records)
            else:
                await decisions.found(reader.actor, integration_id, records[0], voucher_number)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            if isinstance(error, Conflict):
                await self._read(reader, integration_id)
            return False
        await self._read(reader, integration_id)
        self.decided = [reader.speech.say(done)]
        self.times_told += 1
        return True

    def _show_decisions(self, views: Sequence[DecisionView], undecided: int, speech: Speech) -> None:
        """Show the oldest of what waits, and how many more there are."""
        lines = [_line(view, speech) for view in views]
        if lines != self.decisions:
            self.decisions = lines
        self.sendable = sum(line["may_send_again"] for line in lines)
        beyond = undecided - len(lines)
        self.beyond = speech.number(beyond) if beyond > 0 else ""

    def _records(self, reference: str) -> list[RecordKey]:
        """Return the record a reference names, if it is shown."""
        return [_key(line) for line in self.decisions if line["reference"] == reference]


def _line(view: DecisionView, speech: Speech) -> DecisionLine:
    return {
        "reference": view.reference,
        "kind": view.record_kind,
        "record": view.record_id,
        "amount": speech.money(view.amount),
        "voucher_number": str(view.voucher_number),
        "sent": speech.instant(view.sent_at),
        "reason": speech.pieces(view.message),
        "may_send_again": view.may_send_again,
    }


def _key(line: DecisionLine) -> RecordKey:
    return line["kind"], line["record"]


def _ids(records: list[RecordKey]) -> str:
    return ", ".join(record_id for _, record_id in records)


def _ids_or_count(records: list[RecordKey], speech: Speech) -> str:
    """Name a few records; of many say how many there are, for the sentence is read out from beginning to end."""
    return _ids(records) if len(records) <= _NAMED else speech.number(len(records))
