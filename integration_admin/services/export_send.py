"""One batch over the wire: check the lock, call the adapter, say what its answer means.

Nothing is written here; services/export_writer.py commits the verdicts.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from integration_admin.adapters.base import Outcome, Result, Voucher
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Conflict, Fault
from integration_admin.core.messages import msg
from integration_admin.data.locks import HeldLock
from integration_admin.services.delivery_rules import outcome_of_error, unanswered
from integration_admin.services.export_claims import Item
from integration_admin.services.export_first_look import FirstLook
from integration_admin.services.export_job import ExportJob
from integration_admin.services.export_outcomes import Verdict, unsent, verdict

_log = structlog.get_logger(__name__)

_ANSWERED = frozenset({Result.DELIVERED, Result.REJECTED, Result.NEEDS_PERSON})
_FRESH_SECONDS = 0.05


class LockWatch:
    """Checks a lock right before each send; sends that leave at the same moment share one question."""

    def __init__(self, lock: HeldLock) -> None:
        self._lock = lock
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")

    async def check(self) -> None:
        """Raise Conflict if the lock may have been lost."""
        now = asyncio.get_running_loop().time
        # A paused process finds the answer stale when it goes on, and asks again.
        if now() - self._asked_at < _FRESH_SECONDS:
            return
        async with self._asking:
            if now() - self._asked_at < _FRESH_SECONDS:
                return
            asked_at = now()
            await self._lock.check()
            self._asked_at = asked_at


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a batch, and what kept all of it from getting through, if anything did."""

    verdicts: tuple[Verdict, ...]
    problem: AdapterError | None = None
    lost_lock: Conflict | None = None


class BatchSender:
    """Sends batches whose intent is committed."""

    def __init__(self, job: ExportJob) -> None:
        self._job = job
        self._watch = LockWatch(job.lock)
        self._first_look = FirstLook(job)

    async def send(self, items: Sequence[Item]) -> Answer:
        """Send one batch once and return a verdict for each record; raises nothing."""
        if not self._job.looks_first:
            return await self._send(items)
        try:
            there = await self._first_look.settled(items)
        except AdapterError as error:
            references = (item.voucher.reference for item in items)
            return self._answer(items, {one: outcome_of_error(one, error) for one in references}, error)
        known = {one.delivery.id for one in there}
        rest = [item for item in items if item.delivery.id not in known]
        answer = await self._send(rest) if rest else Answer(())
        return replace(answer, verdicts=(*there, *answer.verdicts))

    async def _send(self, items: Sequence[Item]) -> Answer:
        try:
            await self._watch.check()
        except Conflict as conflict:
            return Answer(tuple(unsent(item.delivery) for item in items), lost_lock=conflict)
        return self._answer(items, *await self._call([item.voucher for item in items]))

    def _answer(
        self, items: Sequence[Item], outcomes: Mapping[str, Outcome], problem: AdapterError | None
    ) -> Answer:
        now, times = self._job.clock.now(), self._job.retry_times.drawn()
        capabilities = self._job.capabilities
        return Answer(
            tuple(
                verdict(item.delivery, outcomes[item.voucher.reference], now, times, capabilities)
                for item in items
            ),
            problem,
        )

    async def _call(self, vouchers: Sequence[Voucher]) -> tuple[Mapping[str, Outcome], AdapterError | None]:
        """Return an outcome for every voucher, and the error that stands for the whole batch if one does."""
        try:
            answer = await self._job.adapter.send(self._job.credentials, vouchers)
        except AdapterError as error:
            return {item.reference: outcome_of_error(item.reference, error) for item in vouchers}, error
        except Exception as error:  # noqa: BLE001, see below
            # Whatever broke, the vouchers may have left: they are looked up like any unknown outcome.
            references = [item.reference for item in vouchers]
            _log.exception("send_broke", error=type(error).__name__, references=references)
            bug = AdapterError(msg("The export stopped because of a fault in this program."), Fault.BUG)
            return {item.reference: outcome_of_error(item.reference, bug) for item in vouchers}, bug
        told = {outcome.reference: outcome for outcome in answer}
        outcomes = {
            item.reference: told.get(item.reference) or unanswered(item.reference) for item in vouchers
        }
        return outcomes, _problem_of(outcomes.values())


def _problem_of(outcomes: Collection[Outcome]) -> AdapterError | None:
    """Return what kept the whole batch from getting through, if nothing of it did."""
    for outcome in outcomes:
        if outcome.result is Result.NOT_SENT and outcome.fault is Fault.CONFIG and outcome.message:
            return AuthenticationFailed(outcome.message)
    if any(outcome.result in _ANSWERED for outcome in outcomes):
        return None
    first = next(iter(outcomes))
    return AdapterError(
        first.message or msg("The accounting system let nothing through."),
        first.fault or Fault.UPSTREAM,
        retry_after=first.retry_after,
    )
