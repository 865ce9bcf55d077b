"""What became of a batch's records, and writing it down: states, failures, counts, all in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from integration_admin.adapters.base import Capabilities, Outcome, Result
from integration_admin.core.errors import Conflict, Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.models import Failure, Run
from integration_admin.data.repositories.deliveries import Outgoing, Settlement
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.delivery_rules import STATE_OF, RetryTimes


@dataclass(slots=True)
class Tally:
    """A run's counts, and the exported sums by currency in minor units."""

    delivered: int = 0
    rejected: int = 0
    waiting: int = 0
    unknown: int = 0
    sums: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, run: Run) -> "Tally":
        """Go on counting where a run was left."""
        return cls(run.delivered, run.rejected, run.waiting, run.unknown, dict(run.sums))

    @property
    def troubled(self) -> int:
        """How many records were not delivered."""
        return self.rejected + self.waiting + self.unknown

    def plus(self, verdicts: "Sequence[Verdict]") -> "Tally":
        """Return the counts with `verdicts` added; this one stays as it is until they are committed."""
        counted = replace(self, sums=dict(self.sums))
        for item in verdicts:
            counted.count(item)
        return counted

    def become(self, other: "Tally") -> None:
        """Take over counts that have been committed."""
        self.delivered, self.rejected, self.waiting = other.delivered, other.rejected, other.waiting
        self.unknown, self.sums = other.unknown, other.sums

    def count(self, item: "Verdict") -> None:
        """Count one verdict."""
        match item.state:
            case DeliveryState.DELIVERED:
                sent = item.delivery
                self.delivered += 1
                self.sums[sent.currency] = self.sums.get(sent.currency, 0) + sent.amount_minor
            case DeliveryState.REJECTED:
                self.rejected += 1
            case DeliveryState.RETRY_WAIT:
                self.waiting += 1
            case DeliveryState.UNKNOWN | DeliveryState.NEEDS_PERSON:
                self.unknown += 1
            case _:
                pass

    def columns(self) -> dict[str, Any]:
        """Return the counts as the columns of a run."""
        return {
            "delivered": self.delivered,
            "rejected": self.rejected,
            "waiting": self.waiting,
            "unknown": self.unknown,
            "sums": self.sums,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one delivery becomes, and why when it is not delivered."""

    delivery: Outgoing
    state: DeliveryState
    external_id: str = ""
    due_at: datetime | None = None
    fault: Fault | None = None
    field: str = ""
    message: Message | None = None
    judged: bool = False
    """Whether the record was refused as it stands, before anything was sent."""
    recovered: bool = False
    """Whether its process died while it was being sent."""


def verdict(
    delivery: Outgoing, outcome: Outcome, now: datetime, times: RetryTimes, capabilities: Capabilities
) -> Verdict:
    """Turn an outcome into what the delivery becomes.

    A refusal that no record is to blame for (the credentials) leaves the delivery ready.
    """
    state = STATE_OF[outcome.result]
    if outcome.result is Result.NOT_SENT and outcome.fault is Fault.CONFIG:
        return Verdict(delivery, DeliveryState.READY)
    due_at = None
    if state is DeliveryState.UNKNOWN:
        due_at = times.after_quiet(now, capabilities)
    elif state is DeliveryState.RETRY_WAIT:
        due_at = times.after_refusal(now, delivery.attempts + 1, outcome.retry_after)
    return Verdict(
        delivery, state, outcome.external_id, due_at, outcome.fault, outcome.field, outcome.message
    )


def doubled(delivery: Outgoing, count: int) -> Verdict:
    """Hand a voucher that is booked more than once to a person; nothing is ever sent again for it."""
    return Verdict(
        delivery,
        DeliveryState.NEEDS_PERSON,
        fault=Fault.UPSTREAM,
        message=msg(
            "The accounting system has this voucher {count} times. Remove the surplus there.", count=count
        ),
    )


def interrupted(delivery: Outgoing, due_at: datetime) -> Verdict:
    """Doubt what a dead process was sending: it may have arrived."""
    return Verdict(
        delivery,
        DeliveryState.UNKNOWN,
        due_at=due_at,
        fault=Fault.UNKNOWN_OUTCOME,
        message=msg(
            "The program stopped while this record was being sent. It is looked up before it goes out again."
        ),
        recovered=True,
    )


def undecidable(delivery: Outgoing) -> Verdict:
    """Hand an unknown outcome to a person where the accounting system cannot be asked."""
    return Verdict(
        delivery,
        DeliveryState.NEEDS_PERSON,
        fault=Fault.UNKNOWN_OUTCOME,
        message=msg("The accounting system cannot be asked whether it has this record. Look there yourself."),
    )


async def write_verdicts(
    unit: Unit,
    run: Run,
    verdicts: Sequence[Verdict],
    counted: Tally,
    came_from: Sequence[DeliveryState],
    now: datetime,
) -> None:
    """Write what the deliveries become, why, and the run's counts, in the caller's unit.

    Raises Conflict when a delivery has left the states it came from; the unit then writes nothing.
    """
    if not verdicts:
        return
    moved = await unit.deliveries.settle([_settlement(item) for item in verdicts], came_from, now)
    if moved != len(verdicts):
        raise Conflict(
            msg("The records changed while they were being sent. The next run goes on."),
            internal=f"settled {moved} of {len(verdicts)}",
        )
    await unit.runs.resolve_failures(run.integration_id, [item.delivery.record_id for item in verdicts], now)
    failures = [_failure(run, item, now) for item in verdicts if item.message is not None]
    if failures:
        await unit.runs.add_failures(failures)
    await unit.runs.progress(run.id, **counted.columns())


def _settlement(item: Verdict) -> Settlement:
    return Settlement(
        item.delivery.id,
        item.state,
        item.external_id,
        item.due_at,
        revision=item.delivery.revision if item.judged else None,
        recovered=item.recovered,
    )


def _failure(run: Run, item: Verdict, now: datetime) -> Failure:
    message = item.message or msg("The accounting system gave no reason.")
    return Failure(
        integration_id=run.integration_id,
        run_id=run.id,
        record_id=item.delivery.record_id,
        fault=str(item.fault or Fault.CONFIG),
        field=item.field,
        message=message.to_json(),
        created_at=now,
    )
