"""Failures by their cause, as two pages draw them, and what people do about them. What is told is in services/failures.py."""

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import TypedDict
from urllib.parse import quote

import reflex as rx

from integration_admin.core.errors import Conflict, IntegrationAdminError, InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import FailureState, Permission
from integration_admin.services import container
from integration_admin.services.failure_causes import CauseKey, CauseView, FailedRecordView, Fix
from integration_admin.services.runs import tells_of_a_run
from integration_admin.states.access import requires
from integration_admin.states.addresses import shown_id
from integration_admin.states.reader import Reader, current_reader
from integration_admin.states.records import record_address
from integration_admin.states.speech import Speech

_Act = Callable[[Reader, uuid.UUID], Awaitable[Message | None]]
"""What is done about failures; returns what is to be said of it."""


class CauseLine(TypedDict):
    """One cause; `fix` is a `Fix`, `fix_href` where to mend it, and `href` the page with all its records.

    `reason` is in parts, each with whether it is the accounting system's own English words.
    """

    key: str
    title: str
    name: str
    """The title with the reason, which tells causes apart that concern as many records."""
    alike: bool
    """Whether another cause that is shown has the same title."""
    records: str
    one: bool
    """Whether it is about a single record."""
    reason: list[tuple[str, bool]]
    amounts: str
    since: str
    fix: str
    fix_href: str
    href: str
    may_retry: bool
    may_dismiss: bool


class FailedLine(TypedDict):
    """One record that failed; `ended` and `dismissed` are sentences or empty. `todo` is retry, there, back or nothing.

    `together` stands for the moment it was dismissed; `first` tells that it is the first shown of several dismissed then.
    """

    key: str
    kind: str
    record: str
    href: str
    amount: str
    reason: list[tuple[str, bool]]
    now: str
    since: str
    ended: str
    dismissed: str
    together: str
    first: bool
    todo: str


class Handling(rx.State, mixin=True):
    """What people do about a cause or one of its records; the page's state says how to read anew and go on."""

    causes: list[CauseLine] = []  # noqa: RUF012, Reflex copies defaults
    _begun: str = ""
    """What is tried again since a moment ago."""

    @rx.event
    @requires(Permission.RUN)
    async def retry_cause(self, key: str) -> rx.event.EventSpec | None:
        """Try every record of one cause once more."""

        async def retry(reader: Reader, integration_id: uuid.UUID) -> None:
            cause = CauseKey.read(str(key))
            await container.current().failures.retry(reader.actor, integration_id, cause)

        return await self._try_again(str(key), retry)

    @rx.event
    @requires(Permission.RUN)
    async def retry_record(self, kind: str, record: str) -> rx.event.EventSpec | None:
        """Try one record once more."""

        async def retry(reader: Reader, integration_id: uuid.UUID) -> None:
            runs = container.current().runs
            await runs.retry(reader.actor, integration_id, str(record), str(kind))

        return await self._try_again(f"{kind}/{record}", retry)

    @rx.event
    @requires(Permission.RUN)
    async def dismiss_cause(self, form: dict) -> None:
        """Dismiss every refused record of one cause, for the reason that was typed."""
        key, reason = str(form.get("cause", "")), str(form.get("reason", ""))

        async def dismiss(reader: Reader, integration_id: uuid.UUID) -> Message:
            count = await container.current().failures.dismiss_cause(
                reader.actor, integration_id, CauseKey.read(key), reason
            )
            return msg("Records dismissed: {count}. They are not tried again as they are.", count=count)

        await self._carry_out(dismiss, field_id=f"reason-{key}")

    @rx.event
    @requires(Permission.RUN)
    async def dismiss_record(self, form: dict) -> None:
        """Dismiss one refused record, for the reason that was typed."""
        kind, record, reason = (str(form.get(name, "")) for name in ("kind", "record", "reason"))

        async def dismiss(reader: Reader, integration_id: uuid.UUID) -> Message:
            failures = container.current().failures
            await failures.dismiss(reader.actor, integration_id, [(kind, record)], reason)
            return msg("{record} is dismissed. It is not tried again as it is.", record=record)

        await self._carry_out(dismiss, field_id=f"reason-{kind}/{record}")

    @rx.event
    @requires(Permission.RUN)
    async def take_back(self, kind: str, record: str) -> None:
        """Count a dismissed record as refused again."""

        async def take_back(reader: Reader, integration_id: uuid.UUID) -> Message:
            failures = container.current().failures
            await failures.take_back(reader.actor, integration_id, (str(kind), str(record)))
            return msg(
                "{record} is not dismissed any more. Retry it once its cause is mended.", record=record
            )

        await self._carry_out(take_back)

    @rx.event
    @requires(Permission.RUN)
    async def take_back_together(self, kind: str, record: str) -> None:
        """Count all records as refused again that were dismissed together with one."""

        async def take_back(reader: Reader, integration_id: uuid.UUID) -> Message:
            key = (str(kind), str(record))
            count = await container.current().failures.take_back_together(reader.actor, integration_id, key)
            return msg(
                "Records that are not dismissed any more: {count}. Retry them once their cause is mended.",
                count=count,
            )

        await self._carry_out(take_back)

    async def _carry_out(self, act: _Act, field_id: str = "") -> bool:
        """Do something, read everything anew and say what was done; return whether it was."""
        reader = await current_reader()
        self._clear()
        self.decided = []
        integration_id = shown_id(self.integration_id)
        try:
            told = await act(reader, integration_id)
            await self._read(reader, integration_id)
        except IntegrationAdminError as error:
            self._refuse(error, reader.speech)
            if field_id and isinstance(error, InvalidInput):
                # Each form on the page has a field of its own.
                self.errors = [{**wrong, "field": field_id} for wrong in self.errors]
            return False
        if told is not None:
            self.decided = [reader.speech.say(told)]
            self.times_told += 1
        return True

    async def _try_again(self, what: str, act: _Act) -> rx.event.EventSpec | None:
        """Begin a run for something; a second press that finds the run of the first one is no error."""

        async def begin(reader: Reader, integration_id: uuid.UUID) -> Message | None:
            try:
                return await act(reader, integration_id)
            except Conflict as error:
                if self._begun == what and tells_of_a_run(error):
                    return None
                raise

        if not await self._carry_out(begin):
            return None
        self._begun = what
        return await self._retried()

    async def _retried(self) -> rx.event.EventSpec | None:
        """Return what follows once a run for what is retried has begun."""
        raise NotImplementedError


def cause_lines(
    shown: Iterable[CauseLine], views: Iterable[CauseView], speech: Speech, integration_id: str
) -> list[CauseLine]:
    """Put causes after those `shown`, and mark the ones whose titles are the same."""
    lines = [*shown, *(_cause_line(view, speech, integration_id) for view in views)]
    often = Counter(line["title"] for line in lines)
    return [{**line, "alike": often[line["title"]] > 1} for line in lines]


def _cause_line(view: CauseView, speech: Speech, integration_id: str) -> CauseLine:
    """Turn a cause into what is drawn."""
    base, key = f"/settings/integrations/{integration_id}", str(view.key)
    title = speech.say(_title(view))
    shelf = "person" if view.key.state is FailureState.PERSON else "open"
    amounts = ", ".join(speech.money(money) for money in view.amounts)
    return {
        "key": key,
        "title": title,
        "name": f"{title}: {speech.say(view.message)}",
        "alike": False,
        "records": f"{speech.number(view.records)}{'+' if view.more else ''}",
        "one": view.records == 1 and not view.more,
        "reason": speech.pieces(view.message),
        "amounts": speech.say(msg("at least {amounts}", amounts=amounts)) if view.more else amounts,
        "since": speech.instant(view.since),
        "fix": view.fix.value,
        "fix_href": _fix_href(view, base),
        "href": f"{base}/failures?show={shelf}&cause={key}",
        "may_retry": view.key.state is not FailureState.PERSON,
        "may_dismiss": view.key.state is FailureState.REFUSED,
    }


def failed_lines(
    shown: Iterable[FailedLine], views: Iterable[FailedRecordView], speech: Speech, fix: str = ""
) -> list[FailedLine]:
    """Put records after those `shown`, and mark the first of those that were dismissed together."""
    lines = [*shown, *(_failed_line(view, speech, fix) for view in views)]
    often = Counter(line["together"] for line in lines if line["todo"] == "back")
    first = {line["together"]: line["key"] for line in reversed(lines) if often[line["together"]] > 1}
    return [{**line, "first": first.get(line["together"]) == line["key"]} for line in lines]


def _failed_line(view: FailedRecordView, speech: Speech, fix: str) -> FailedLine:
    """Turn a record that failed, for a cause that is mended as `fix` says, into what is drawn."""
    ended = msg("Exported: {time}", time=speech.instant(view.ended_at))
    over = view.ended_at is not None
    return {
        "key": str(view.id),
        "kind": view.kind,
        "record": view.record_id,
        "href": record_address(view.kind, view.record_id),
        "amount": speech.money(view.amount) if view.amount else "",
        "reason": speech.pieces(view.message),
        "now": view.now.value if view.now else "",
        "since": speech.instant(view.since),
        "ended": speech.say(ended) if over and view.dismissed is None else "",
        "dismissed": speech.say(view.dismissed),
        "together": view.dismissed_at.isoformat() if view.dismissed_at and view.may_take_back else "",
        "first": False,
        "todo": _todo(view, fix),
    }


def _todo(view: FailedRecordView, fix: str) -> str:
    if view.may_take_back:
        return "back"
    if view.ended_at is not None:
        return ""
    if fix == Fix.THERE:
        return "there"
    return {"rejected": "retry", "retry_wait": "retry"}.get(str(view.now), "")


def _title(view: CauseView) -> Message:
    if view.more:
        return msg("More than {count} records, one cause", count=view.records)
    if view.records == 1:
        return msg("1 record")
    return msg("{count} records, one cause", count=view.records)


def _fix_href(view: CauseView, base: str) -> str:
    back = quote(f"{base}/failures?cause={view.key}", safe="")
    row = quote(view.row, safe="")
    places: dict[str, str] = {
        Fix.MAPPING: f"{base}/mapping?row={row}&back={back}" if view.row else f"{base}/mapping?back={back}",
        Fix.EXCLUDED: f"{base}/excluded-data",
        Fix.DECIDE: base,
        Fix.THERE: "",
    }
    return places.get(view.fix, "")
