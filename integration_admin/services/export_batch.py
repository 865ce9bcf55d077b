"""One batch on its way out: resolve, commit the intent, send, commit every outcome.

Which deliveries make a batch, and the run around it, are services/sync_runner.py's business.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import structlog
from pydantic import ValidationError

from integration_admin.adapters.base import (
    AccountingAdapter,
    Booked,
    Credentials,
    Outcome,
    Result,
    Voucher,
)
from integration_admin.core.clock import Clock
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Conflict, Fault
from integration_admin.core.messages import msg
from integration_admin.core.records import ExpenseClaim
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.database import Database
from integration_admin.data.locks import HeldLock
from integration_admin.data.models import Run
from integration_admin.data.repositories.deliveries import Intent, Outgoing, Settlement
from integration_admin.services.delivery_rules import RetryTimes, outcome_of_error, unanswered
from integration_admin.services.export_outcomes import (
    Tally,
    Verdict,
    doubled,
    interrupted,
    undecidable,
    verdict,
    write_verdicts,
)
from integration_admin.services.mapping_resolver import CompiledMapping, Unresolvable

_log = structlog.get_logger(__name__)

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
        times = self._retry_times.drawn()
        verdicts = [self._verdict(item.delivery, outcomes[item.voucher.reference], times) for item in items]
        await self._commit(run, verdicts, tally, DeliveryState.SENDING)
        if error is not None:
            raise error

    async def look_up(self, run: Run, batch: Sequence[Outgoing], tally: Tally) -> None:
        """Ask what became of unknown outcomes and commit what is proven.

        Where the accounting system cannot answer now, the question is put off and the run goes on; where
        it never can, a person decides. Raises AuthenticationFailed.
        """
        if not self._adapter.capabilities.lookup:
            await self._commit(run, [undecidable(item) for item in batch], tally, DeliveryState.UNKNOWN)
            return
        await self._lock.check()
        try:
            found = await self._adapter.lookup(self._credentials, [item.reference for item in batch])
        except AuthenticationFailed:
            raise
        except AdapterError as error:
            _log.warning("lookup_put_off", run=str(run.id), reason=error.internal)
            await self._put_off(run, batch)
            return
        booked = {item.reference: item for item in found}
        verdicts = [_looked_up(item, booked.get(item.reference)) for item in batch]
        await self._commit(run, verdicts, tally, DeliveryState.UNKNOWN)

    async def doubt(self, run: Run, batch: Sequence[Outgoing], tally: Tally) -> None:
        """Turn what a dead run left in the middle of a send into unknown outcomes: the lock is ours now."""
        due_at = self._retry_times.after_quiet(self._clock.now(), self._adapter.capabilities)
        verdicts = [interrupted(item, due_at) for item in batch]
        await self._commit(run, verdicts, tally, DeliveryState.SENDING)

    async def _put_off(self, run: Run, batch: Sequence[Outgoing]) -> None:
        now = self._clock.now()
        due_at = self._retry_times.after_quiet(now, self._adapter.capabilities)
        later = [Settlement(item.id, DeliveryState.UNKNOWN, due_at=due_at) for item in batch]
        async with self._database.write(run.organisation_id) as unit:
            await unit.deliveries.settle(later, [DeliveryState.UNKNOWN], now)

    async def _commit(
        self, run: Run, verdicts: Sequence[Verdict], tally: Tally, came_from: DeliveryState
    ) -> None:
        """Commit verdicts and count them once they are committed."""
        counted = tally.plus(verdicts)
        async with self._database.write(run.organisation_id) as unit:
            await write_verdicts(unit, run, verdicts, counted, [came_from], self._clock.now())
        tally.become(counted)

    def _resolve(self, batch: Sequence[Outgoing]) -> tuple[list[_Item], list[Verdict]]:
        """Make vouchers of the records; what cannot be made one is refused with the reason."""
        items: list[_Item] = []
        refused: list[Verdict] = []
        for delivery in batch:
            if delivery.status not in EXPORTED_STATUSES:
                refused.append(_no_longer_approved(delivery))
                continue
            try:
                claim = ExpenseClaim.model_validate(delivery.payload)
                voucher = self._mapping.resolve(
                    claim, reference=delivery.reference, number=delivery.voucher_number
                )
            except Unresolvable as error:
                refused.append(_unresolvable(delivery, error))
            except ValidationError as error:
                _log.error("record_unreadable", record=delivery.record_id, problems=error.error_count())
                refused.append(_unreadable(delivery))
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
        intents = [_intent(item) for item in items]
        counted = tally.plus(refused)
        async with self._database.write(run.organisation_id) as unit:
            moved = await unit.deliveries.begin_sending(intents, run.id, now)
            if moved != len(items):
                raise Conflict(
                    msg("The records changed while they were being sent. The next run goes on."),
                    internal=f"intent moved {moved} of {len(items)}",
                )
            await write_verdicts(unit, run, refused, counted, _SENDABLE, now)
        tally.become(counted)

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
        except Exception as error:  # noqa: BLE001, see below
            # Whatever broke, the vouchers may have left: they are looked up like any unknown outcome.
            _log.exception("send_broke", error=type(error).__name__)
            bug = AdapterError(msg("The export stopped because of a fault in this program."), Fault.BUG)
            return {item.reference: outcome_of_error(item.reference, bug) for item in vouchers}, bug
        told = {outcome.reference: outcome for outcome in answer}
        outcomes = {
            item.reference: told.get(item.reference) or unanswered(item.reference) for item in vouchers
        }
        return outcomes, _reason_to_stop(outcomes.values())

    def _verdict(self, delivery: Outgoing, outcome: Outcome, times: RetryTimes) -> Verdict:
        return verdict(delivery, outcome, self._clock.now(), times, self._adapter.capabilities)


def _intent(item: _Item) -> Intent:
    sent = item.delivery
    return Intent(sent.id, _digest(item.voucher), sent.revision, sent.currency, sent.amount_minor)


def _looked_up(delivery: Outgoing, booked: Booked | None) -> Verdict:
    """Return what a lookup after the quiet period proves: absent means it was never processed."""
    if booked is None or booked.count == 0:
        return Verdict(delivery, DeliveryState.READY)
    if booked.count > 1:
        return doubled(delivery, booked.count)
    return Verdict(delivery, DeliveryState.DELIVERED, booked.external_id)


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
    answered = {Result.DELIVERED, Result.REJECTED, Result.NEEDS_PERSON}
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
        judged=True,
    )


def _unreadable(delivery: Outgoing) -> Verdict:
    return Verdict(
        delivery,
        DeliveryState.REJECTED,
        fault=Fault.BUG,
        message=msg("The stored claim cannot be read any more. Send it again from the expense system."),
        judged=True,
    )


def _unresolvable(delivery: Outgoing, error: Unresolvable) -> Verdict:
    """Name the first thing that is wrong; the record's page lists them all."""
    first = error.problems[0]
    return Verdict(
        delivery,
        DeliveryState.REJECTED,
        fault=Fault.CONFIG,
        field=first.field,
        message=first.message,
        judged=True,
    )
