"""Sends vouchers in as few batches as possible, and tells of each what became of it.

Those in the company's currency go into the journal, by the rules below; claims in another one follow as
purchase invoices, one at a time, by the rules in invoicing.py.

The rules. A batch is one transaction: answered in full, all of it is in the journal; with any refusal in it,
nothing is, whatever the other answers say. The voucher that was refused is rejected alone, the others go out
again. What is in the journal already is found there, compared and completed, never sent twice. An answer
that says neither leaves its vouchers unknown, and so does trouble between a voucher's lines and its
dimensions: they are looked up first. An error is raised only while nothing of the batch has been settled, so
that it holds for all of it.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.dynamics.business_central import refusals
from integration_admin.adapters.dynamics.business_central.batch import Operation, Refusal
from integration_admin.adapters.dynamics.business_central.client import BATCH_SECONDS, BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.completing import Completion
from integration_admin.adapters.dynamics.business_central.entries import Line, lines_of
from integration_admin.adapters.dynamics.business_central.errors import SAME_KEY, as_fault, said
from integration_admin.adapters.dynamics.business_central.foreign import is_foreign
from integration_admin.adapters.dynamics.business_central.invoicing import Invoicing
from integration_admin.adapters.dynamics.business_central.place import Place, Places
from integration_admin.adapters.dynamics.business_central.posting import post
from integration_admin.adapters.dynamics.business_central.vouchers import (
    EMPLOYEE,
    first_number,
    insertions,
    lines,
    packs,
    refusal,
)
from integration_admin.adapters.dynamics.references import short
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg

_LAST_START: Final = 10.0
"""Seconds kept free at the end of a batch for pacing and for writing outcomes down."""
_NOT_PROCESSED: Final = frozenset({Fault.CONFIG, Fault.TRANSIENT, Fault.RATE_LIMITED})


class Dispatch:
    """One batch of vouchers on its way to Business Central, for at the most `seconds`."""

    def __init__(self, client: BusinessCentralClient, clock: Clock, places: Places, seconds: float) -> None:
        self._client = client
        self._clock = clock
        self._places = places
        self._dimensions = client.options.dimensions
        self._until = clock.monotonic() + seconds - _LAST_START
        self._waiting: deque[list[Voucher]] = deque()
        """Vouchers for the journal in packs, then those in another currency, each alone."""
        self._settled: list[Outcome] = []
        self._invoicing: Invoicing | None = None
        self._place_is_sure = False

    async def send(self, batch: Sequence[Voucher]) -> list[Outcome]:
        """Return one outcome for each voucher. Raises AdapterError when nothing at all was processed."""
        posts = self._client.options.posting
        if posts:
            # Somebody may just have opened the period these vouchers are to be posted in.
            self._places.forget(self._client)
        self._place = await self._found_place()
        refused = {
            voucher.reference: outcome
            for voucher in batch
            if (outcome := refusal(voucher, self._place, self._dimensions, posts=posts))
        }
        offered = [voucher for voucher in batch if voucher.reference not in refused]
        invoiced = {
            voucher.reference: voucher for voucher in offered if is_foreign(voucher, self._place.currency)
        }
        self._waiting.extend(packs(voucher for voucher in offered if voucher.reference not in invoiced))
        self._waiting.extend([voucher] for voucher in invoiced.values())
        while self._waiting:
            pack = self._waiting.popleft()
            try:
                await self._send_pack(pack)
            except AdapterError as error:
                self._places.forget(self._client)
                if not self._settled and error.fault in _NOT_PROCESSED:
                    raise
                self._settled += list(self._left(pack, error))
                break
        if posts:
            await self._post_journal(invoiced)
        return [*self._settled, *refused.values()]

    async def _post_journal(self, invoiced: Collection[str]) -> None:
        """Post the journal; invoices are posted one by one."""
        others = [outcome for outcome in self._settled if outcome.reference in invoiced]
        staged = [outcome for outcome in self._settled if outcome.reference not in invoiced]
        self._settled = [*await post(self._client, self._place, staged, until=self._until), *others]

    async def _send_pack(self, pack: list[Voucher]) -> None:
        """Send one batch and settle its vouchers, or put back those that can go without the refused one."""
        if self._clock.monotonic() + _LAST_START > self._until:
            raise _no_time()
        if is_foreign(pack[0], self._place.currency):
            self._invoicing = self._invoicing or Invoicing(self._client, self._place, self._until)
            self._settled.append(await self._invoicing.settle(pack[0]))
            return
        operations = insertions(pack, self._place, self._dimensions)
        until = min(self._until, self._clock.monotonic() + BATCH_SECONDS)
        reply = await self._client.batch(operations, until=until)
        inserted = _inserted(operations, reply.bodies)
        if inserted is not None:
            await self._complete(pack, inserted, is_fresh=True)
        elif reply.refusal is not None:
            await self._refused(pack, operations, reply.refusal)
        else:
            self._settled += [_unknown(voucher) for voucher in pack]

    async def _refused(self, pack: list[Voucher], operations: list[Operation], why: Refusal) -> None:
        """Settle the voucher a batch was refused for, and put the others back: nothing was written."""
        told = said(why.body, *self._client.secrets)
        problem = refusals.not_about_vouchers(why, told, self._client.context)
        if problem is not None:
            raise problem
        if (told.code in refusals.MISSING or why.status == 404) and await self._has_moved():
            self._waiting.appendleft(pack)
            return
        if told.code == SAME_KEY:
            await self._sort_out(pack, operations, why)
            return
        operation = operations[why.place] if why.place is not None else None
        culprit = operation.reference if operation else pack[0].reference if len(pack) == 1 else ""
        if not culprit:
            self._waiting.extendleft([voucher] for voucher in reversed(pack))
            return
        for voucher in pack:
            if voucher.reference == culprit:
                self._settled.append(refusals.rejected(voucher, why, told, operation, self._dimensions))
        self._put_back([voucher for voucher in pack if voucher.reference != culprit])

    async def _has_moved(self) -> bool:
        """Tell whether the journal is another one than before. Raises AdapterError when it is gone."""
        if self._place_is_sure:
            return False
        self._place_is_sure = True
        self._places.forget(self._client)
        before, self._place = self._place, await self._found_place()
        return before.journal_id != self._place.journal_id or before.company.id != self._place.company.id

    async def _found_place(self) -> Place:
        """Return where vouchers go. Raises AdapterError with a fault that says that nothing was sent."""
        try:
            return await self._places.ready(self._client)
        except AdapterError as error:
            if error.fault is not Fault.UPSTREAM:
                raise
            raise as_fault(error, Fault.TRANSIENT) from None

    async def _sort_out(self, pack: list[Voucher], operations: list[Operation], why: Refusal) -> None:
        """Settle the vouchers whose lines are in the journal already, and put back those whose are not."""
        there, absent = await self._found(pack)
        culprit = operations[why.place] if why.place is not None else None
        if not there:
            blamed = culprit.reference if culprit else absent[0].reference
            number = culprit.body["lineNumber"] if culprit else first_number(absent[0])
            for voucher in absent:
                if voucher.reference == blamed:
                    self._settled.append(refusals.line_number_taken(voucher, number, self._place.journal))
            absent = [voucher for voucher in absent if voucher.reference != blamed]
        self._put_back(absent)

    async def _found(self, pack: Sequence[Voucher]) -> tuple[list[Voucher], list[Voucher]]:
        """Settle those of a pack that are in the journal; return them, and those that are not there."""
        try:
            found = await lines_of(
                self._client, self._place, [voucher.reference for voucher in pack], dimensions=True
            )
        except AdapterError as error:
            raise as_fault(error, Fault.UNKNOWN_OUTCOME) from None
        there = [voucher for voucher in pack if voucher.reference in found]
        whole = [
            voucher for voucher in there if _is_ours(voucher, found[voucher.reference], self._dimensions)
        ]
        self._settled += [
            refusals.different(voucher, self._place.journal) for voucher in there if voucher not in whole
        ]
        await self._complete(whole, found, is_fresh=False)
        return there, [voucher for voucher in pack if voucher.reference not in found]

    async def _complete(
        self, vouchers: Sequence[Voucher], found: dict[str, list[Line]], *, is_fresh: bool
    ) -> None:
        """Give the lines in the journal their dimensions, and settle their vouchers."""
        completion = Completion(self._client, self._place, self._until)
        try:
            await completion.complete(vouchers, found, is_fresh=is_fresh)
        except AdapterError as error:
            raise as_fault(error, Fault.UNKNOWN_OUTCOME) from None
        finally:
            self._settled += completion.settled

    def _put_back(self, vouchers: list[Voucher]) -> None:
        if vouchers:
            self._waiting.appendleft(vouchers)

    def _left(self, pack: Iterable[Voucher], failure: AdapterError) -> Iterator[Outcome]:
        """Yield the outcomes of the pack that failed, as far as it is not settled, and of all behind it."""
        settled = {outcome.reference for outcome in self._settled}
        if failure.fault in _NOT_PROCESSED:
            result, fault, rest = Result.NOT_SENT, failure.fault, failure.fault
        else:
            result, fault, rest = Result.UNKNOWN, Fault.UNKNOWN_OUTCOME, Fault.TRANSIENT
        behind = {voucher.reference for waiting in self._waiting for voucher in waiting}
        for voucher in pack:
            if voucher.reference not in settled | behind:
                yield _failed(voucher, result, fault, failure)
        for waiting in self._waiting:
            for voucher in waiting:
                yield _failed(voucher, Result.NOT_SENT, rest, failure)


def _inserted(
    operations: Sequence[Operation], bodies: Sequence[object] | None
) -> dict[str, list[Line]] | None:
    """Return reference -> the lines a batch put in, None where the answer does not name every one of them."""
    if bodies is None:
        return None
    found: dict[str, list[Line]] = {}
    for operation, body in zip(operations, bodies, strict=True):
        name = body.get("id") if isinstance(body, dict) else None
        number = body.get("lineNumber", operation.body["lineNumber"]) if isinstance(body, dict) else None
        if not isinstance(name, str) or not name or number != operation.body["lineNumber"]:
            return None
        comment = operation.body.get("comment", "")
        line = Line(name, operation.body["lineNumber"], comment=comment)
        found.setdefault(operation.reference, []).append(line)
    return found


def _is_ours(voucher: Voucher, there: Sequence[Line], dimensions: tuple[str, ...]) -> bool:
    """Tell whether the lines read from the journal are the voucher's; an employee's cannot be read."""
    wanted = {
        (body["lineNumber"], body["accountType"], body["accountNumber"].upper(), body["amount"])
        for body in lines(voucher, dimensions)
        if body["accountType"] != EMPLOYEE
    }
    found = {
        (line.number, line.kind, line.account.upper(), line.amount) for line in there if line.kind != EMPLOYEE
    }
    ours = all(
        line.external == voucher.reference and line.document == short(voucher.reference) for line in there
    )
    return ours and wanted == found


def _unknown(voucher: Voucher) -> Outcome:
    return Outcome(
        voucher.reference,
        Result.UNKNOWN,
        message=msg(
            "Business Central did not say clearly what became of this voucher. It is looked up there later."
        ),
        fault=Fault.UNKNOWN_OUTCOME,
    )


def _failed(voucher: Voucher, result: Result, fault: Fault, failure: AdapterError) -> Outcome:
    return Outcome(
        voucher.reference, result, message=failure.message, fault=fault, retry_after=failure.retry_after
    )


def _no_time() -> AdapterError:
    return AdapterError(
        msg("There was no time left to send this in the same go. It goes out in the next one."),
        Fault.TRANSIENT,
        code="no_time",
        retry_after=0.0,
    )
