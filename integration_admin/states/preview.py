"""One real record before and after the mapping, as the mapping page shows it."""

import re
import uuid
from datetime import date
from typing import TypedDict

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, NotFound
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.postings import Posting
from integration_admin.services.preview import Preview, SourceValue
from integration_admin.states.access import requires
from integration_admin.states.addresses import asked_integration
from integration_admin.states.dry_run import written
from integration_admin.states.forms import FormState
from integration_admin.states.reader import current_reader
from integration_admin.states.speech import Speech

_LONGEST_NUMBER = 64
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ValueLine(TypedDict):
    """One field as it came in; an excluded one has no value here."""

    label: str
    value: str
    excluded: bool


class OutlayLine(TypedDict):
    """One line of a claim as it came in."""

    key: str
    amount: str
    values: list[ValueLine]


class PostingLine(TypedDict):
    """One entry of the voucher; of debit and credit one is empty."""

    key: str
    account: str
    text: str
    details: list[tuple[str, str]]
    debit: str
    credit: str


class PreviewState(FormState, rx.State):
    """The record that is shown, and those that may be chosen."""

    ready: bool = False
    choices: list[tuple[str, str]] = []  # noqa: RUF012, Reflex copies defaults
    record: str = ""
    kind: str = ""
    would: str = ""
    reasons: list[list[tuple[str, bool]]] = []  # noqa: RUF012, Reflex copies defaults
    received: list[ValueLine] = []  # noqa: RUF012, Reflex copies defaults
    outlays: list[OutlayLine] = []  # noqa: RUF012, Reflex copies defaults
    day: str = ""
    number: str = ""
    numbered: bool = False
    reference: str = ""
    head: list[tuple[str, str]] = []  # noqa: RUF012, Reflex copies defaults
    postings: list[PostingLine] = []  # noqa: RUF012, Reflex copies defaults
    payload: str = ""
    integration_id: str = ""
    """Which integration the record was chosen for."""

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> None:
        """Show the record chosen last or, at first, the newest that waits, with the mapping as it is saved now."""
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return
        if self.integration_id != str(integration_id):
            self.integration_id, self.record, self.ready = str(integration_id), "", False
        await self._read(integration_id, self.record)

    @rx.event
    @requires(Permission.CONFIGURE)
    async def choose(self, form: dict) -> None:
        """Show the record whose number was typed or chosen."""
        integration_id = asked_integration(self.router.url)
        if integration_id is None:
            return
        typed = str(form.get("preview_record", "")).strip()[:_LONGEST_NUMBER]
        await self._read(integration_id, typed or self.record)
        if not self.errors:
            reader = await current_reader()
            self._announce(reader.speech.say(msg("{record} is shown.", record=self.record)))

    async def _read(self, integration_id: uuid.UUID, record: str) -> None:
        reader, previews = await current_reader(), container.current().previews
        self._clear()
        self.announcement = ""
        try:
            choices = await previews.choices(reader.actor, integration_id)
            self.choices = [(choice.record_id, choice.kind) for choice in choices]
            asked = record or (choices[0].record_id if choices else "")
            if asked:
                found = await previews.of(reader.actor, integration_id, asked)
                self._show(found, reader.speech)
        except NotFound as error:
            self.errors = [{"field": "preview_record", "message": reader.speech.say(error.message)}]
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
        self.times_read += 1
        self.ready = True

    def _show(self, found: Preview, speech: Speech) -> None:
        entry = found.entry
        self.record, self.kind, self.would = entry.record_id, entry.kind, str(entry.would)
        self.reasons = [speech.pieces(reason) for reason in entry.reasons]
        self.received = [_value(value, speech) for value in found.received if value.value or value.excluded]
        self.outlays = [
            {
                "key": str(place),
                "amount": speech.money(line.amount),
                "values": [_value(value, speech) for value in line.values if value.value or value.excluded],
            }
            for place, line in enumerate(found.lines)
        ]
        self.day = speech.day(found.day)
        self.number, self.numbered, self.reference = str(found.number), found.numbered, entry.reference
        self.head = [(speech.say(label), _as_read(value, speech)) for label, value in found.heading]
        self.postings = [_posting(place, posting, speech) for place, posting in enumerate(found.postings)]
        self.payload = written(entry.payload)


def _value(value: SourceValue, speech: Speech) -> ValueLine:
    return {
        "label": speech.say(value.label),
        "value": speech.write(value.value),
        "excluded": value.excluded,
    }


def _as_read(value: str, speech: Speech) -> str:
    """Return a value of the voucher; what is sent as 2026-11-21 is a day to whoever reads it."""
    try:
        return speech.day(date.fromisoformat(value)) if _DAY.fullmatch(value) else value
    except ValueError:
        return value


def _posting(place: int, posting: Posting, speech: Speech) -> PostingLine:
    return {
        "key": str(place),
        "account": posting.account,
        "text": posting.text,
        "details": [(speech.say(label), _as_read(value, speech)) for label, value in posting.details],
        "debit": speech.money(posting.debit) if posting.debit else "",
        "credit": speech.money(posting.credit) if posting.credit else "",
    }
