"""One batch on its way out: resolve, commit the intent, send, commit every outcome.

Which deliveries make a batch, and the run around it, are services/sync_runner.py's business.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from integration_admin.adapters.base import AccountingAdapter, Credentials, Outcome, Result, Voucher
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Conflict, Fault
from integration_admin.core.messages import msg
from integration_admin.core.records import ExpenseClaim
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.data.locks import HeldLock
from integration_admin.data.models import Run
from integration_admin.data.repositories.deliveries import Outgoing
from integration_admin.services.delivery_rules import (
    RetryTimes,
    outcome_of_error,
    outcome_of_lookup,
    unanswered,
)
from integration_admin.services.export_outcomes import Tally, Verdict, doubled, verdict, write_verdicts
from integration_admin.services.mapping_resolver import CompiledMapping, Unresolvable

EXPORTED_STATUSES = ("approved", "paid")
"""A claim paid out between two runs was approved before, and is still owed its voucher."""

_SENDABLE = (DeliveryState.READY, DeliveryState.RETRY_WAIT)


@dataclass(frozen=True, slots=True)
class _Item:
    """A delivery with its voucher."""

    delivery: Outgoing
    voucher: Voucher


class BatchExporter:
    """Sends batches of one integration for as long as its lock is held."""

    def __init__(
        self,
        database: Database,
        adapter: AccountingAdapter,
        credentials: Credentials,
        mapping: CompiledMapping,
        clock: Clock,
        retry_times: RetryTimes,
        lock: HeldLock,
    ) -> None:
        self._database = database
        self._adapter = adapter
        self._credentials = credentials
        self._mapping = mapping
        self._clock = clock
        self._retry_times = retry_times
        self._lock = lock

    async def send(self, run: Run, batch: Sequence[Outgoing], tally: Tally) -> None:
        """Send one batch; every outcome is committed before an error is raised.

        Raises AdapterError when the accounting system lets nothing through and going on is no use.
        """
        items, refused = self._resolve(batch)
        await self._commit_intent(run, items, refused, tally)
        if not items:
            return
        outcomes, error = await self._call([item.voucher for item in items])
        now = self._clock.now()
        verdicts = [self._verdict(item.delivery, outcomes[item.voucher.reference]) for item in items]
        async with self._database.write(run.organisation_id) as unit:
            await write_verdicts(unit, run, verdicts, tally, [DeliveryState.SENDING], now)
        if error is not None:
            raise error

    async def look_up(self, run: Run, batch: Sequence[Outgoing], tally: Tally) -> None:
        """Ask what became of unknown outcomes and commit what is proven. Raises AdapterError."""
        await self._lock.check()
        references = [delivery.reference for delivery in batch]
        found = await self._adapter.lookup(self._credentials, references)
        booked = {item.reference: item for item in found}
        verdicts = []
        for delivery in batch:
            item = booked.get(delivery.reference)
            if item is not None and item.count > 1:
                verdicts.append(doubled(delivery, item.count))
            else:
                verdicts.append(self._verdict(delivery, outcome_of_lookup(delivery.reference, item)))
        now = self._clock.now()
        async with self._database.write(run.organisation_id) as unit:
            await write_verdicts(unit, run, verdicts, tally, [DeliveryState.UNKNOWN], now)

    def _resolve(self, batch: Sequence[Outgoing]) -> tuple[list[_Item], list[Verdict]]:
        """Make vouchers of the records; what cannot be made one is refused with the reason."""
        items: list[_Item] = []
        refused: list[Verdict] = []
        for delivery in batch:
            if delivery.status not in EXPORTED_STATUSES:
                refused.append(_no_longer_approved(delivery))
                continue
            claim = ExpenseClaim.model_validate(delivery.payload)
            try:
                voucher = self._mapping.resolve(
                    claim, reference=delivery.reference, number=delivery.voucher_number
                )
            except Unresolvable as error:
                refused.append(_unresolvable(delivery, error))
            else:
                items.append(_Item(delivery, voucher))
        return items, refused

    async def _commit_intent(
        self,
        run: Run,
        items: Sequence[_Item],
        refused: Sequence[Verdict],
        tally: Tally,
    ) -> None:
        """Commit that these will be sent, before a byte leaves; refusals are settled in the same commit."""
        now = self._clock.now()
        intents = [(item.delivery.id, _digest(item.voucher), item.delivery.revision) for item in items]
        async with self._database.write(run.organisation_id) as unit:
            moved = await unit.deliveries.begin_sending(intents, run.id, now)
            if moved != len(items):
                raise Conflict(
                    msg("The records changed while they were being sent. The next run goes on."),
                    internal=f"intent moved {moved} of {len(items)}",
                )
            await write_verdicts(unit, run, refused, tally, _SENDABLE, now)

    async def _call(self, vouchers: Sequence[Voucher]) -> tuple[dict[str, Outcome], AdapterError | None]:
        """Send the vouchers; return an outcome for every one, and the error that ends the run if any."""
        try:
            await self._lock.check()
            answer = await self._adapter.send(self._credentials, vouchers)
        except AdapterError as error:
            return {item.reference: outcome_of_error(item.reference, error) for item in vouchers}, error
        except Conflict as conflict:
            lost = AdapterError(conflict.message, Fault.TRANSIENT, code="lock")
            return {item.reference: outcome_of_error(item.reference, lost) for item in vouchers}, lost
        told = {outcome.reference: outcome for outcome in answer}
        outcomes = {
            item.reference: told.get(item.reference) or unanswered(item.reference) for item in vouchers
        }
        return outcomes, _reason_to_stop(outcomes.values())

    def _verdict(self, delivery: Outgoing, outcome: Outcome) -> Verdict:
        return verdict(delivery, outcome, self._clock.now(), self._retry_times, self._adapter.capabilities)


def _digest(voucher: Voucher) -> str:
    """Return the SHA-256 of what a voucher says, by which two attempts can be compared later."""
    lines = [(line.fields, line.amount.currency, line.amount.minor) for line in voucher.lines]
    said = (voucher.number, voucher.record_id, voucher.date.isoformat(), voucher.fields, lines)
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=dict).encode()).hexdigest()


def _reason_to_stop(outcomes: Collection[Outcome]) -> AdapterError | None:
    """Return why going on with further batches is no use, if it is."""
    for outcome in outcomes:
        if outcome.result is Result.NOT_SENT and outcome.fault is Fault.CONFIG and outcome.message:
            return AuthenticationFailed(outcome.message)
    answered = {Result.DELIVERED, Result.REJECTED}
    if any(outcome.result in answered for outcome in outcomes):
        return None
    first = next(iter(outcomes))
    return AdapterError(
        first.message or msg("The accounting system let nothing through."),
        first.fault or Fault.UPSTREAM,
        retry_after=first.retry_after,
    )


def _no_longer_approved(delivery: Outgoing) -> Verdict:
    return Verdict(
        delivery,
        DeliveryState.REJECTED,
        fault=Fault.CONFIG,
        message=msg("The claim is no longer approved, so it was not exported."),
    )


def _unresolvable(delivery: Outgoing, error: Unresolvable) -> Verdict:
    """Name the first thing that is wrong; the record's page lists them all."""
    first = error.problems[0]
    return Verdict(
        delivery, DeliveryState.REJECTED, fault=Fault.CONFIG, field=first.field, message=first.message
    )
