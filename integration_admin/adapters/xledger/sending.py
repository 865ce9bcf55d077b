"""Sends vouchers in as few mutations as possible, and tells of each what became of it.

The rules. A mutation without errors has delivered every voucher whose credit line it returns. One with
errors proves nothing about the single vouchers unless there was only one: they are looked up, and those
absent go out again in smaller packs. A mutation whose fate is unclear, or that could not be sent, ends
the batch: its vouchers are unknown or not sent, and the rest is not sent. An error is raised only
while nothing of the batch has been settled, so that it holds for all of it.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from integration_admin.adapters.base import Booked, Outcome, Result, Voucher
from integration_admin.adapters.xledger.client import Reply, XledgerClient, no_time, page_in
from integration_admin.adapters.xledger.errors import TOKEN_CAUSES, Cause, misshapen
from integration_admin.adapters.xledger.lookup import find
from integration_admin.adapters.xledger.refusals import half_taken, rejected
from integration_admin.adapters.xledger.vouchers import (
    Booking,
    client_ids,
    inputs,
    packs,
    refusal,
    smaller,
)
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg

_FIELD: Final = "addGLImportItems"
_ADD: Final = """
mutation Add($inputs: [AddGLImportItemsInput!]!) {
  addGLImportItems(inputs: $inputs) { edges { clientId node { dbId } } }
}
"""
_LAST_START: Final = 10.0
"""Seconds kept free at the end of a batch for pacing and for writing outcomes down."""


class Dispatch:
    """One batch on its way to Xledger, for at the most `seconds`."""

    def __init__(self, client: XledgerClient, clock: Clock, booking: Booking, seconds: float) -> None:
        self._client = client
        self._clock = clock
        self._booking = booking
        self._until = clock.monotonic() + seconds - _LAST_START
        self._waiting: deque[list[Voucher]] = deque()
        self._settled: list[Outcome] = []

    async def send(self, batch: Sequence[Voucher]) -> list[Outcome]:
        """Return one outcome for each voucher. Raises AdapterError when nothing at all was processed."""
        refused = {voucher.reference: outcome for voucher in batch if (outcome := refusal(voucher))}
        self._waiting.extend(packs(voucher for voucher in batch if voucher.reference not in refused))
        while self._waiting:
            pack = self._waiting.popleft()
            try:
                await self._send_pack(pack)
            except AdapterError as error:
                if not self._settled and error.fault in _NOT_PROCESSED:
                    raise
                self._settled += list(self._left(pack, error))
                break
        return [*self._settled, *refused.values()]

    async def _send_pack(self, pack: list[Voucher]) -> None:
        """Send one mutation and settle its vouchers, or put them back in smaller packs."""
        variables = {"inputs": [node for voucher in pack for node in inputs(voucher, self._booking)]}
        reply = await self._client.mutate(_ADD, variables, until=self._until)
        ids = _ids(reply, [client_id for voucher in pack for client_id in client_ids(voucher)])
        if not reply.errors:
            self._settled += [_credited(voucher, ids) for voucher in pack]
            return
        self._raise_unless_about_vouchers(reply, ids)
        untouched = []
        for voucher in pack:
            taken = [client_id in ids for client_id in client_ids(voucher)]
            if not any(taken):
                untouched.append(voucher)
            else:
                self._settled.append(_unknown(voucher) if all(taken) else half_taken(voucher))
        if len(pack) == 1:
            self._settled += [rejected(voucher, reply.errors) for voucher in untouched]
        elif untouched:
            await self._look_up(untouched)

    def _raise_unless_about_vouchers(self, reply: Reply, ids: Mapping[str, str]) -> None:
        """Raise what no voucher is to blame for; what has taken nothing is a definite refusal."""
        for error in reply.errors:
            if error.cause in {*TOKEN_CAUSES, Cause.SCHEMA} and not ids:
                raise error.as_adapter_error(self._clock.now())
        for error in reply.errors:
            if error.cause is not Cause.INVALID:
                raise _unclear(error.as_adapter_error(self._clock.now()))

    async def _look_up(self, pack: Sequence[Voucher]) -> None:
        """Settle what a refused mutation booked all the same, and put back what it did not.

        Xledger has answered, so nothing of it is still under way and no quiet period is needed.
        """
        booked = await self._booked(pack)
        absent = []
        for voucher in pack:
            item = booked.get(voucher.reference)
            if item is None:
                absent.append(voucher)
            elif item.count == 1:
                self._settled.append(_delivered(voucher, item.external_id))
            else:
                self._settled.append(_unknown(voucher))
        self._waiting.extendleft(reversed(smaller(absent)))

    async def _booked(self, pack: Sequence[Voucher]) -> dict[str, Booked]:
        """Return what Xledger has of a pack; not knowing it leaves the pack's outcome unclear."""
        try:
            async with asyncio.timeout(self._until - self._clock.monotonic()):
                found = await find(self._client, [voucher.reference for voucher in pack])
        except AdapterError as error:
            raise _unclear(error) from None
        except TimeoutError:
            raise _unclear(no_time()) from None
        return {item.reference: item for item in found}

    def _left(self, pack: Iterable[Voucher], failure: AdapterError) -> Iterator[Outcome]:
        """Yield the outcomes of the pack that failed, as far as it is not settled, and of all behind it."""
        settled = {outcome.reference for outcome in self._settled}
        behind = [voucher for waiting in self._waiting for voucher in waiting]
        if failure.fault in _NOT_PROCESSED:
            result, fault, rest = Result.NOT_SENT, failure.fault, failure.fault
        else:
            result, fault, rest = Result.UNKNOWN, Fault.UNKNOWN_OUTCOME, Fault.TRANSIENT
        for voucher in pack:
            if voucher.reference not in settled:
                yield _failed(voucher, result, fault, failure)
        for voucher in behind:
            yield _failed(voucher, Result.NOT_SENT, rest, failure)


_NOT_PROCESSED = frozenset({Fault.CONFIG, Fault.TRANSIENT, Fault.RATE_LIMITED})


def _ids(reply: Reply, sent: Sequence[str]) -> dict[str, str]:
    """Return client id -> dbId of every node Xledger took; without client ids, all nodes in their order."""
    refused = reply.data.get(_FIELD) is None
    edges = () if refused else page_in(reply.data, _FIELD).edges or ()
    taken = [(edge.client_id, edge.node["dbId"]) for edge in edges if edge.node and edge.node.get("dbId")]
    if all(name for name, _ in taken):
        return {str(name): str(db_id) for name, db_id in taken}
    if len(taken) == len(sent):
        return {name: str(db_id) for name, (_, db_id) in zip(sent, taken, strict=True)}
    raise misshapen(detail=f"{len(taken)} of {len(sent)} nodes without client ids")


def _credited(voucher: Voucher, ids: Mapping[str, str]) -> Outcome:
    """Return delivered when the answer has the credit line, by which the voucher is found again."""
    credit = client_ids(voucher)[-1]
    return _delivered(voucher, ids[credit]) if credit in ids else _unknown(voucher)


def _delivered(voucher: Voucher, external_id: str) -> Outcome:
    return Outcome(voucher.reference, Result.DELIVERED, external_id=external_id)


def _unknown(voucher: Voucher) -> Outcome:
    return Outcome(
        voucher.reference,
        Result.UNKNOWN,
        message=msg("Xledger did not say clearly what became of this voucher. It is looked up there later."),
        fault=Fault.UNKNOWN_OUTCOME,
    )


def _failed(voucher: Voucher, result: Result, fault: Fault, failure: AdapterError) -> Outcome:
    return Outcome(
        voucher.reference, result, message=failure.message, fault=fault, retry_after=failure.retry_after
    )


def _unclear(error: AdapterError) -> AdapterError:
    return AdapterError(error.message, Fault.UNKNOWN_OUTCOME, code=error.code, internal=error.internal)
