"""What services answer: plain, frozen, ready to be drawn or turned into JSON. Sentences stay untranslated."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import Message
from integration_admin.core.money import Money
from integration_admin.core.statuses import DeliveryState, FateState, RunState, Trigger
from integration_admin.data.models import Failure, RecordRow, Run
from integration_admin.services.failure_causes import Fix, dismissed_words, fix_of_refusal
from integration_admin.services.run_exclusions import LeftOut, left_out_of


@dataclass(frozen=True, slots=True)
class RunView:
    """One run, for history, health and the API.

    `resumed` counts how often it was taken up again after its process had stopped; `stopping` says that
    somebody asked it to stop while it was under way.
    """

    id: uuid.UUID
    integration_id: uuid.UUID
    trigger: Trigger
    state: RunState
    started_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    resumed: int
    stopping: bool
    delivered: int
    rejected: int
    waiting: int
    unknown: int
    sums: Mapping[str, int]
    message: Message | None
    left_out: LeftOut | None = None
    """What the run left out, where anything was."""

    @property
    def amounts(self) -> list[Money]:
        """The exported sums, one a currency."""
        return [Money(currency, minor) for currency, minor in sorted(self.sums.items())]

    @property
    def seconds(self) -> float | None:
        """How long the run took, once it has ended."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class FailureView:
    """Why one record was not delivered, and the `state` its delivery is in by now.

    `fate` is what became of it after it was delivered, where that is followed.
    """

    record_kind: str
    record_id: str
    amount: Money
    fault: str
    field: str
    message: Message
    created_at: datetime
    state: DeliveryState
    fate: FateState | None = None
    fix: Fix = Fix.EITHER
    """Where it is mended, if the record was refused."""
    dismissed: Message | None = None
    """Who dismissed it, when and why, if somebody did."""


def run_view(run: Run) -> RunView:
    """Turn a stored run into what is shown."""
    return RunView(
        id=run.id,
        integration_id=run.integration_id,
        trigger=run.trigger,
        state=run.state,
        started_by=run.started_by,
        requested_at=run.requested_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        resumed=run.resumed or 0,
        stopping=bool(run.cancel_requested) and run.finished_at is None,
        delivered=run.delivered,
        rejected=run.rejected,
        waiting=run.waiting,
        unknown=run.unknown,
        sums=dict(run.sums),
        message=Message.from_json(run.message) if run.message else None,
        left_out=left_out_of(run.data_scope),
    )


def failure_view(
    failure: Failure,
    record: RecordRow,
    state: DeliveryState,
    fate: FateState | None,
    mapped: FieldMapping | None = None,
) -> FailureView:
    """Turn a stored failure into what is shown; `mapped` is where the value of the field at fault comes from."""
    return FailureView(
        record_kind=record.kind,
        record_id=record.external_id,
        amount=Money(record.currency, record.amount_minor),
        fault=failure.fault,
        field=failure.field,
        message=Message.from_json(failure.message),
        created_at=failure.created_at,
        state=state,
        fate=fate,
        fix=fix_of_refusal(Message.from_json(failure.message), failure.field, failure.fault, mapped),
        dismissed=dismissed_words(failure),
    )
