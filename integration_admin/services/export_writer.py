"""Commits what became of deliveries and what is about to be sent, as much as there is in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from integration_admin.core.statuses import DeliveryState
from integration_admin.data.repositories.moves import Intent
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.delivery_rules import FIRST_LOOK
from integration_admin.services.export_job import ExportJob
from integration_admin.services.export_outcomes import Verdict, write_verdicts


@dataclass(frozen=True, slots=True)
class Written:
    """Which deliveries may be sent now, and whether somebody cancelled the run or paused the integration."""

    begun: frozenset[int] = frozenset()
    halted: bool = False


class ExportWriter:
    """The one writer of a run; what it has counted is always what is committed."""

    def __init__(self, job: ExportJob) -> None:
        self._job = job

    async def write(
        self, verdicts: Sequence[Verdict], intents: Sequence[Intent] = (), *, are_waiting: bool = False
    ) -> Written:
        """Commit outcomes and intents together, with the run's counts.

        `are_waiting` says that others are about to be sent, whose intent is committed already.
        """
        job, now = self._job, self._job.clock.now()
        follow_at = now + FIRST_LOOK if job.capabilities.follows_up else None
        async with job.database.write(job.organisation_id) as unit:
            goes_on = bool(intents) or are_waiting
            halted = goes_on and not await unit.integrations.lets(job.integration_id, job.run.id)
            held = await write_verdicts(unit, job.run, verdicts, now, follow_at)
            begun = await self._begin(unit, () if halted else intents, now)
            counted = job.tally.plus(held)
            if held:
                await unit.runs.progress(job.run.id, resumed=job.run.resumed, **counted.columns())
            circuit, budget = job.circuit.changes(), job.budget.changes()
            if circuit or budget:
                await unit.integrations.note(job.integration_id, **circuit, **budget)
        job.tally.become(counted)
        job.circuit.written(circuit)
        job.budget.written(budget)
        return Written(begun, halted)

    async def _begin(self, unit: Unit, intents: Sequence[Intent], now: datetime) -> frozenset[int]:
        begun = await unit.deliveries.begin_sending(self._affordable(intents), self._job.run.id, now)
        repeated = sum(
            intent.was is DeliveryState.RETRY_WAIT and intent.delivery_id in begun for intent in intents
        )
        self._job.budget.spend(repeated, now)
        return begun

    def _affordable(self, intents: Sequence[Intent]) -> list[Intent]:
        """Leave out repetitions beyond the day's budget: reading ahead saw more of it left than there is."""
        left = self._job.budget.left
        kept = []
        for intent in intents:
            repeats = intent.was is DeliveryState.RETRY_WAIT
            if repeats and left == 0:
                continue
            left -= repeats
            kept.append(intent)
        return kept
