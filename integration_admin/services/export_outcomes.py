"""What became of a batch's records, and writing it down: states, failures, counts, all in one commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from integration_admin.adapters.base import Booked, Capabilities, Outcome, Result
from integration_admin.core.errors import Fault
from integration_admin.core.failure_causes import cause_of
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import DeliveryState, FailureState
from integration_admin.data.models import Failure, Run
from integration_admin.data.repositories.deliveries import DOUBTED_SENDS, Outgoing
from integration_admin.data.repositories.moves import Settlement
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.delivery_rules import MAX_AGE, POISON_RECOVERIES, STATE_OF, RetryTimes

_WAITS_FOR = {
    DeliveryState.RETRY_WAIT: FailureState.WAITING,
    DeliveryState.UNKNOWN: FailureState.WAITING,
    DeliveryState.NEEDS_PERSON: FailureState.PERSON,
}
"""What the failure of a record waits for, by what its delivery becomes; all others were refused."""


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


class Verdict(NamedTuple):
    """What one delivery becomes, and why when it is not delivered."""

    delivery: Outgoing
    state: DeliveryState
    external_id: str = ""
    due_at: datetime | None = None
    fault: Fault | None = None
    field: str = ""
    message: Message | None = None
    sent: bool = False
    """Whether it settles an intent that was committed after the delivery was read."""
    judged: bool = False
    """Whether the record was refused as it stands, before anything was sent."""
    recovered: bool = False
    """Whether its process died while it was being sent."""
    put_off: bool = False
    """Whether nothing is known that was not known before, so that its failure stays open."""


def verdict(
    delivery: Outgoing, outcome: Outcome, now: datetime, times: RetryTimes, capabilities: Capabilities
) -> Verdict:
    """Turn the outcome of a send into what the delivery becomes.

    A refusal that no record is to blame for (the credentials) leaves the delivery ready.
    """
    state = STATE_OF[outcome.result]
    if outcome.result is Result.NOT_SENT and outcome.fault is Fault.CONFIG:
        return unsent(delivery)
    due_at = None
    if state is DeliveryState.UNKNOWN:
        due_at = times.after_quiet(now, capabilities)
    elif state is DeliveryState.RETRY_WAIT:
        if _is_too_old(delivery, now):
            return _given_up(delivery, outcome)
        due_at = times.after_refusal(now, delivery.attempts + 1, outcome.retry_after)
    return Verdict(
        delivery, state, outcome.external_id, due_at, outcome.fault, outcome.field, outcome.message, sent=True
    )


def unsent(delivery: Outgoing) -> Verdict:
    """Take back an intent that nothing came of."""
    return Verdict(delivery, DeliveryState.READY, sent=True)


def looked_up(delivery: Outgoing, booked: Booked | None, now: datetime) -> Verdict:
    """Return what a lookup after the quiet period proves: absent means it was never processed."""
    if booked is None or booked.count == 0:
        if _is_poison(delivery):
            return _quarantined(delivery)
        in_vain = delivery.attempts >= DOUBTED_SENDS and _is_too_old(delivery, now)
        return _never_arrived(delivery) if in_vain else Verdict(delivery, DeliveryState.READY)
    if booked.count > 1:
        return doubled(delivery, booked.count)
    return Verdict(delivery, DeliveryState.DELIVERED, booked.external_id)


def put_off(delivery: Outgoing, now: datetime, due_at: datetime) -> Verdict:
    """Ask again later what became of it; after days without an answer a person decides."""
    if _is_too_old(delivery, now):
        return undecidable(delivery)
    return Verdict(delivery, DeliveryState.UNKNOWN, due_at=due_at, put_off=True)


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


def interrupted(delivery: Outgoing, due_at: datetime, *, crashed: bool) -> Verdict:
    """Doubt what was being sent when it was interrupted: it may have arrived.

    A record is suspected only where the process died (`crashed`), not where this one met an error.
    """
    return Verdict(
        delivery,
        DeliveryState.UNKNOWN,
        due_at=due_at,
        fault=Fault.UNKNOWN_OUTCOME,
        message=msg(
            "The program stopped while this record was being sent. It is looked up before it goes out again."
        ),
        recovered=crashed,
    )


def undecidable(delivery: Outgoing) -> Verdict:
    """Hand an unknown outcome to a person where the accounting system cannot be asked."""
    return Verdict(
        delivery,
        DeliveryState.NEEDS_PERSON,
        fault=Fault.UNKNOWN_OUTCOME,
        message=msg("The accounting system cannot be asked whether it has this record. Look there yourself."),
    )


def _quarantined(delivery: Outgoing) -> Verdict:
    return Verdict(
        delivery,
        DeliveryState.NEEDS_PERSON,
        fault=Fault.BUG,
        message=msg(
            "The program stopped {count} times while this record was being sent. The accounting system does not have it.",
            count=delivery.recoveries,
        ),
    )


def _never_arrived(delivery: Outgoing) -> Verdict:
    return Verdict(
        delivery,
        DeliveryState.NEEDS_PERSON,
        fault=Fault.UNKNOWN_OUTCOME,
        message=msg(
            "Sent {count} times over {days} days without a usable answer. The accounting system does not have it.",
            count=delivery.attempts,
            days=MAX_AGE.days,
        ),
    )


def _given_up(delivery: Outgoing, outcome: Outcome) -> Verdict:
    return Verdict(
        delivery,
        DeliveryState.REJECTED,
        fault=outcome.fault,
        message=msg(
            "Tried {count} times over {days} days without getting through. Retry it when the accounting system is back.",
            count=delivery.attempts + 1,
            days=MAX_AGE.days,
        ),
        sent=True,
    )


def _is_poison(delivery: Outgoing) -> bool:
    return delivery.recoveries >= POISON_RECOVERIES


def _is_too_old(delivery: Outgoing, now: datetime) -> bool:
    return delivery.first_sent_at is not None and now - delivery.first_sent_at > MAX_AGE


async def write_verdicts(
    unit: Unit, run: Run, verdicts: Sequence[Verdict], now: datetime, follow_at: datetime | None = None
) -> list[Verdict]:
    """Write what deliveries become and why, in the caller's unit; return the verdicts that came into force.

    A delivery somebody else has moved meanwhile is left to them. What becomes of those delivered is looked at
    from `follow_at` on, if at all.
    """
    moved = await unit.deliveries.settle([_settlement(item, follow_at) for item in verdicts], now)
    held = [item for item in verdicts if item.delivery.id in moved]
    if not held:
        return []
    earlier: dict[int, tuple[str, datetime]] = {}
    for delivered, ends in ((True, FailureState.DELIVERED), (False, FailureState.REPLACED)):
        settled = [
            item.delivery.record_id
            for item in held
            if not item.put_off and (item.state is DeliveryState.DELIVERED) is delivered
        ]
        if settled:
            earlier |= await unit.runs.resolve_failures(run.integration_id, settled, now, ends)
    await unit.runs.add_failures(
        [_failure(run, item, item.message, now, earlier) for item in held if item.message]
    )
    return held


def _settlement(item: Verdict, follow_at: datetime | None = None) -> Settlement:
    return Settlement(
        item.delivery.id,
        DeliveryState.SENDING if item.sent else item.delivery.state,
        item.delivery.attempts + item.sent,
        item.state,
        item.external_id,
        item.due_at,
        item.delivery.revision if item.judged else None,
        int(item.recovered),
        int(item.sent and item.state is DeliveryState.READY and item.delivery.first_sent_at is None),
        follow_at if item.state is DeliveryState.DELIVERED else None,
    )


def _failure(
    run: Run, item: Verdict, message: Message, now: datetime, earlier: Mapping[int, tuple[str, datetime]]
) -> Failure:
    """Return why a record was not delivered; `since` is when it began to fail for this very cause."""
    stored = message.to_json()
    fault = str(item.fault or Fault.CONFIG)
    cause = cause_of(fault, item.field, stored)
    before, since = earlier.get(item.delivery.record_id, ("", now))
    return Failure(
        integration_id=run.integration_id,
        run_id=run.id,
        record_id=item.delivery.record_id,
        fault=fault,
        field=item.field,
        message=stored,
        created_at=now,
        state=_WAITS_FOR.get(item.state, FailureState.REFUSED),
        cause=cause,
        since=since if before == cause else now,
        currency=item.delivery.currency,
        amount_minor=item.delivery.amount_minor,
    )
