"""Sends vouchers: a journal is opened for the batch, then one request writes each voucher whole or not at all.

The rules. Opening a journal books nothing, so whatever goes wrong there, no voucher was sent. A changeset
whose lines all come back, with our reference in each, is a delivery; one that is answered with an error was
not written. Everything else is unknown. Where an answer ends with a failure and tells nothing of the
vouchers behind it, they are looked up, and those that are absent go out again. A journal into which nothing
was written is taken away again.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from integration_admin.adapters.answers import Meaning, meaning
from integration_admin.adapters.base import Booked, Outcome, Result, Voucher
from integration_admin.adapters.dynamics.finance_operations import batch
from integration_admin.adapters.dynamics.finance_operations.client import ODataClient
from integration_admin.adapters.dynamics.finance_operations.errors import not_taken, with_fault
from integration_admin.adapters.dynamics.finance_operations.journals import (
    is_open,
    open_journal,
    take_away,
)
from integration_admin.adapters.dynamics.finance_operations.lookup import LINES, external_id, find
from integration_admin.adapters.dynamics.finance_operations.refusals import (
    UNKNOWN,
    journal_gone,
    not_written,
    unknown,
)
from integration_admin.adapters.dynamics.finance_operations.vouchers import Line, lines, refusal
from integration_admin.adapters.dynamics.references import short
from integration_admin.adapters.outbound import Response
from integration_admin.adapters.wording import scrub
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import Message, msg

_MARGIN: Final = 1.0
"""Seconds of a send kept free for writing outcomes down."""
_LAST_START: Final = 10.0
"""Seconds that must be left for another request to begin."""
_NO_TIME = msg("There was no time left to send this in the same go. It goes out in the next one.")
_CUT = msg(
    "Finance & Operations booked the voucher but did not keep our reference with it, so it cannot be found again."
    " Check journal {journal} there, and tell those who run this program."
)
_NOT_PROCESSED = frozenset({Fault.CONFIG, Fault.TRANSIENT, Fault.RATE_LIMITED})
_NOT_WRITTEN = frozenset({Result.REJECTED, Result.NOT_SENT})


class _Planned(NamedTuple):
    """One voucher and the lines it is sent as."""

    voucher: Voucher
    lines: Sequence[Line]


class Sending:
    """One batch on its way, for at the most `seconds`."""

    def __init__(self, client: ODataClient, clock: Clock, seconds: float) -> None:
        self._client = client
        self._clock = clock
        self._booking = client.options.booking
        self._until = clock.monotonic() + seconds - _MARGIN

    async def send(self, vouchers: Sequence[Voucher]) -> list[Outcome]:
        """Return one outcome for each voucher. Raises AdapterError where one holds for all of them."""
        refused = [outcome for voucher in vouchers if (outcome := refusal(voucher, self._booking))]
        settled = {outcome.reference for outcome in refused}
        offered = [voucher for voucher in vouchers if voucher.reference not in settled]
        if not offered:
            return refused
        journal = await open_journal(self._client, offered, until=self._until)
        try:
            outcomes = await self._offer(journal, self._plan(offered, journal))
        except AdapterError as error:
            # Whoever is no longer let in may not delete either.
            if error.fault in _NOT_PROCESSED and not isinstance(error, AuthenticationFailed):
                await take_away(self._client, journal, until=self._until)
            raise
        if all(outcome.result in _NOT_WRITTEN for outcome in outcomes):
            await take_away(self._client, journal, until=self._until)
        return [*refused, *outcomes]

    def _plan(self, vouchers: Sequence[Voucher], journal: str) -> list[_Planned]:
        planned: list[_Planned] = []
        first = 1
        for voucher in vouchers:
            planned.append(_Planned(voucher, lines(voucher, self._booking, journal, first)))
            first += len(planned[-1].lines)
        return planned

    async def _offer(self, journal: str, planned: list[_Planned]) -> list[Outcome]:
        """Send until every voucher is settled. Raises AdapterError while none is, and only then."""
        outcomes: list[Outcome] = []
        while planned:
            if outcomes and self._clock.monotonic() + _LAST_START > self._until:
                return [*outcomes, *_left(planned, _NO_TIME, Fault.TRANSIENT)]
            try:
                groups = await self._post(planned)
            except AdapterError as error:
                if not outcomes:
                    raise
                return [*outcomes, *_failed(planned, error)]
            told = [self._verdict(one, group, journal) for one, group in zip(planned, groups, strict=False)]
            outcomes += await self._checked(told, journal)
            _raise_if_nobody_is_let_in(outcomes, groups)
            found, planned = await self._behind(planned[len(groups) :], groups)
            outcomes += found
        return outcomes

    async def _post(self, planned: Sequence[_Planned]) -> list[batch.Group]:
        """Send one request and return its answers. Raises AdapterError."""
        address = f"{self._client.options.data}/{LINES}"
        content_type, body = batch.written(address, [one.lines for one in planned])
        response = await self._client.batch(content_type, body, until=self._until)
        if not 200 <= response.status < 300:
            raise self._refused_whole(response)
        try:
            groups = batch.read(response)
        except batch.Unreadable as odd:
            raise _unclear(detail=str(odd)) from None
        if not groups or len(groups) > len(planned):
            raise _unclear(detail=f"{len(groups)} answers to {len(planned)} changesets")
        return groups

    def _refused_whole(self, response: Response) -> AdapterError:
        """Return the error for a request that was not answered changeset by changeset."""
        means = meaning(
            response.status,
            has_retry_after="retry-after" in response.headers,
            promised=response.status == 429,
        )
        # That the request as a whole was refused for what it says proves nothing about its vouchers.
        means = Meaning.UNKNOWN if means is Meaning.REJECTED else means
        return not_taken(means, response, self._clock.now())

    def _verdict(self, one: _Planned, group: batch.Group, journal: str) -> Outcome:
        """Return what one changeset's answers say about its voucher."""
        voucher = one.voucher
        failed = [answer for answer in group if answer.status >= 300]
        if failed and len(failed) == len(group):
            now, secrets = self._clock.now(), self._client.shown_to_nobody
            return not_written(voucher, failed[0], now, self._booking.dimensions, secrets)
        rows = [row for answer in group if (row := _row(answer, journal)) is not None]
        if failed or len(group) != len(one.lines) or len(rows) != len(group):
            return unknown(voucher)
        ours = short(voucher.reference)
        kept = {str(row["Document"]) for row in rows}
        if kept != {ours}:
            is_cut = all(ours.startswith(document) for document in kept)
            return _cut(voucher, journal) if is_cut else unknown(voucher)
        named = scrub(external_id(rows[-1]), *self._client.shown_to_nobody)[:100]
        return Outcome(voucher.reference, Result.DELIVERED, external_id=named)

    async def _checked(self, told: list[Outcome], journal: str) -> list[Outcome]:
        """Return the outcomes; what was refused because the journal is gone is nobody's fault."""
        refused = [outcome for outcome in told if outcome.result is Result.REJECTED]
        if not refused or await is_open(self._client, journal, until=self._until):
            return told
        return [journal_gone(one, journal) if one in refused else one for one in told]

    async def _behind(
        self, behind: list[_Planned], groups: Sequence[batch.Group]
    ) -> tuple[list[Outcome], list[_Planned]]:
        """Return the outcomes of vouchers an answer does not tell of, and those that are to go out again.

        The request was answered, so nothing of it is still under way and no quiet period is needed.
        """
        if not behind:
            return [], []
        if all(answer.status < 300 for answer in groups[-1]):
            return [unknown(one.voucher) for one in behind], []
        try:
            booked = await self._booked(behind)
        except AdapterError:
            return [unknown(one.voucher) for one in behind], []
        found = [
            _found(one.voucher, booked[ref]) for one in behind if (ref := one.voucher.reference) in booked
        ]
        return found, [one for one in behind if one.voucher.reference not in booked]

    async def _booked(self, planned: Sequence[_Planned]) -> dict[str, Booked]:
        seconds = self._client.seconds_until(self._until)
        found = await find(self._client, [one.voucher.reference for one in planned], deadline=seconds)
        return {item.reference: item for item in found}


def _cut(voucher: Voucher, journal: str) -> Outcome:
    """Return the outcome of a voucher that is booked and that no lookup will find."""
    message = Message(_CUT.template, {"journal": journal})
    return Outcome(voucher.reference, Result.NEEDS_PERSON, message=message, fault=Fault.UPSTREAM)


def _row(answer: Response, journal: str) -> dict[str, Any] | None:
    """Return the line of the journal an answer holds, or None."""
    try:
        row = answer.json()
    except AdapterError:
        return None
    is_line = isinstance(row, dict) and "Document" in row and row.get("JournalBatchNumber") == journal
    return row if is_line else None


def _raise_if_nobody_is_let_in(outcomes: Sequence[Outcome], groups: Sequence[batch.Group]) -> None:
    """Raise AuthenticationFailed where every single changeset was refused for who sent it."""
    statuses = {answer.status for group in groups for answer in group}
    if statuses <= {401, 403} and all(outcome.result is Result.NOT_SENT for outcome in outcomes):
        message = outcomes[0].message
        if message is not None:
            raise AuthenticationFailed(message, code="forbidden", internal=f"changesets: {sorted(statuses)}")


def _unclear(*, detail: str) -> AdapterError:
    return AdapterError(UNKNOWN, Fault.UNKNOWN_OUTCOME, code="unclear", internal=f"$batch: {detail}")


def _found(voucher: Voucher, booked: Booked) -> Outcome:
    if booked.count == 1:
        return Outcome(voucher.reference, Result.DELIVERED, external_id=booked.external_id)
    return unknown(voucher)


def _left(planned: Sequence[_Planned], message: Message, fault: Fault) -> Iterator[Outcome]:
    for one in planned:
        yield Outcome(one.voucher.reference, Result.NOT_SENT, message=message, fault=fault, retry_after=0.0)


def _failed(planned: Sequence[_Planned], error: AdapterError) -> Iterator[Outcome]:
    """Yield the outcomes of vouchers a later request failed for."""
    if error.fault not in _NOT_PROCESSED:
        error = with_fault(error, Fault.UNKNOWN_OUTCOME)
    result = Result.NOT_SENT if error.fault in _NOT_PROCESSED else Result.UNKNOWN
    for one in planned:
        yield Outcome(
            one.voucher.reference,
            result,
            message=error.message,
            fault=error.fault,
            retry_after=error.retry_after,
        )
