"""Gives vouchers whose lines are in the journal their dimensions, and settles them.

A voucher whose dimensions are refused is taken out of the journal again and rejected; where that does not
surely succeed, a person has to look.
"""

from collections.abc import Mapping, Sequence

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.adapters.dynamics.business_central import dimensions, refusals
from integration_admin.adapters.dynamics.business_central.batch import MOST, Operation, Refusal
from integration_admin.adapters.dynamics.business_central.client import BATCH_SECONDS, BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.entries import Line, lines_of
from integration_admin.adapters.dynamics.business_central.errors import Said, said, unclear
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.references import short
from integration_admin.core.errors import AdapterError


class Completion:
    """One second step; `settled` holds the outcomes so far, also when an error ends it."""

    def __init__(self, client: BusinessCentralClient, place: Place, until: float) -> None:
        self.settled: list[Outcome] = []
        self._client = client
        self._place = place
        self._until = until
        self._ids: Mapping[str, Sequence[str]] = {}
        """By reference, the ids of all lines of those that were put in by this very send."""

    async def complete(
        self, vouchers: Sequence[Voucher], found: Mapping[str, Sequence[Line]], *, is_fresh: bool
    ) -> None:
        """Write the dimensions that are missing on the lines `found`, by reference.

        `is_fresh`: the lines were just put in, and which dimensions came with them by themselves has not been
        read. Raises AdapterError where something is not clear.
        """
        by_voucher = {
            voucher.reference: dimensions.operations(
                voucher, found[voucher.reference], self._place, self._client.options.dimensions
            )
            for voucher in vouchers
        }
        self._deliver([voucher for voucher in vouchers if not by_voucher[voucher.reference]])
        left = [voucher for voucher in vouchers if by_voucher[voucher.reference]]
        for group in dimensions.groups((by_voucher[voucher.reference] for voucher in left), MOST):
            refusal = await self._write(group)
            if refusal is not None:
                settled = {outcome.reference for outcome in self.settled}
                rest = [voucher for voucher in left if voucher.reference not in settled]
                await self._again(rest, found, group, refusal, is_fresh=is_fresh)
                return
            last = {
                operation.reference for operation in group if operation is by_voucher[operation.reference][-1]
            }
            self._deliver([voucher for voucher in left if voucher.reference in last])

    async def _write(self, operations: Sequence[Operation]) -> Refusal | None:
        """Send one batch; return why nothing of it was written, None when all was. Raises AdapterError."""
        until = min(self._until, self._client.clock.monotonic() + BATCH_SECONDS)
        reply = await self._client.batch(operations, until=until)
        if reply.bodies is None and reply.refusal is None:
            raise unclear(200, Said())
        return reply.refusal

    async def _again(
        self,
        vouchers: Sequence[Voucher],
        found: Mapping[str, Sequence[Line]],
        group: Sequence[Operation],
        refusal: Refusal,
        *,
        is_fresh: bool,
    ) -> None:
        """Go on after a refusal: once with what the lines have by themselves, then without the one to blame."""
        told = said(refusal.body, *self._client.secrets)
        problem = refusals.not_about_vouchers(refusal, told, self._client.context)
        if problem is not None:
            raise problem
        if is_fresh:
            self._ids = {name: [line.id for line in lines] for name, lines in found.items()}
            await self.complete(vouchers, await self._read(vouchers), is_fresh=False)
            return
        references = list(dict.fromkeys(operation.reference for operation in group))
        if refusal.place is None and len(references) > 1:
            for voucher in vouchers:
                await self.complete([voucher], await self._read([voucher]), is_fresh=False)
            return
        operation = group[refusal.place or 0]
        for voucher in vouchers:
            if voucher.reference == operation.reference:
                await self._withdraw(voucher, refusal, told, operation)
        rest = [voucher for voucher in vouchers if voucher.reference != operation.reference]
        await self.complete(rest, await self._read(rest), is_fresh=False)

    async def _read(self, vouchers: Sequence[Voucher]) -> dict[str, list[Line]]:
        """Return the lines as they are now. Raises AdapterError, also where those of a voucher are gone."""
        references = [voucher.reference for voucher in vouchers]
        found = await lines_of(self._client, self._place, references, dimensions=True)
        if found.keys() != set(references):
            raise unclear(200, Said())
        return found

    async def _withdraw(self, voucher: Voucher, refusal: Refusal, told: Said, operation: Operation) -> None:
        """Take a voucher's lines out again; ids are known only of lines that were put in by this very send."""
        ids = self._ids.get(voucher.reference, ())
        names, journal = self._client.options.dimensions, self._place.journal
        half = refusals.half_taken(voucher, refusal, told, operation, names, journal)
        if len(ids) != len(voucher.lines) + 1:
            self.settled.append(half)
            return
        try:
            kept = await self._write(dimensions.withdrawal(voucher, ids, self._place))
        except AdapterError:
            self.settled.append(half)
            return
        gone = refusals.rejected(voucher, refusal, told, operation, names)
        self.settled.append(gone if kept is None else half)

    def _deliver(self, vouchers: Sequence[Voucher]) -> None:
        self.settled += [
            Outcome(voucher.reference, Result.DELIVERED, external_id=short(voucher.reference))
            for voucher in vouchers
        ]
