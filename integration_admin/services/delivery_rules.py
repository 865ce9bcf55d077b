"""The rules of delivery: our reference, what each outcome makes of a delivery, and when to try again.

Pure; nothing here touches a database or a network.
"""

import base64
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from integration_admin.adapters.base import Capabilities, Outcome, Result
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState

_REFERENCE_LENGTH = 20
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=15)
_LONGEST_ASKED_WAIT = timedelta(hours=1)


def reference_of(organisation_id: uuid.UUID, integration_id: uuid.UUID, kind: str, external_id: str) -> str:
    """Return our reference of a record in one accounting system: 22 characters of A-Z and 2-7.

    It is computed, never drawn, so that even a restored backup sends the same one again.
    """
    parts = (str(organisation_id), str(integration_id), kind, external_id)
    framed = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return "IA" + base64.b32encode(hashlib.sha256(framed).digest()).decode()[:_REFERENCE_LENGTH]


@dataclass(frozen=True, slots=True)
class RetryTimes:
    """When something is tried again; `random` returns a float in [0, 1)."""

    random: Callable[[], float]

    def drawn(self) -> "RetryTimes":
        """Return times with the dice thrown once, so that a whole batch waits for the same moment."""
        thrown = self.random()
        return RetryTimes(lambda: thrown)

    def after_quiet(self, now: datetime, capabilities: Capabilities) -> datetime:
        """Return when an unknown outcome may be looked up."""
        return now + timedelta(seconds=capabilities.quiet_seconds)

    def after_refusal(self, now: datetime, attempts: int, asked: float | None) -> datetime:
        """Return when a delivery that was not processed goes out again.

        The wait the other side asked for, clamped to an hour; else full jitter, doubling from half a
        minute to a quarter of an hour.
        """
        if asked is not None:
            return now + min(timedelta(seconds=max(asked, 0.0)), _LONGEST_ASKED_WAIT)
        doublings = min(max(attempts - 1, 0), 10)
        ceiling = min(_FIRST_WAIT * int(2**doublings), _LONGEST_WAIT)
        return now + ceiling * self.random()


_OF_FAULT: dict[Fault, Result] = {
    Fault.TRANSIENT: Result.NOT_SENT,
    Fault.RATE_LIMITED: Result.NOT_SENT,
    Fault.CONFIG: Result.NOT_SENT,
    Fault.UPSTREAM: Result.UNKNOWN,
    Fault.UNKNOWN_OUTCOME: Result.UNKNOWN,
    Fault.BUG: Result.UNKNOWN,
}
"""What an error raised by `send` means for every voucher of its batch."""


def outcome_of_error(reference: str, error: AdapterError) -> Outcome:
    """Return the outcome a voucher has when the whole batch ended in `error`."""
    return Outcome(
        reference,
        _OF_FAULT[error.fault],
        message=error.message,
        fault=error.fault,
        retry_after=error.retry_after,
    )


def unanswered(reference: str) -> Outcome:
    """Return the outcome of a voucher the adapter's answer does not mention."""
    return Outcome(
        reference,
        Result.UNKNOWN,
        message=msg("The accounting system did not say what became of this record."),
        fault=Fault.UNKNOWN_OUTCOME,
    )


STATE_OF: dict[Result, DeliveryState] = {
    Result.DELIVERED: DeliveryState.DELIVERED,
    Result.REJECTED: DeliveryState.REJECTED,
    Result.NOT_SENT: DeliveryState.RETRY_WAIT,
    Result.UNKNOWN: DeliveryState.UNKNOWN,
    Result.NEEDS_PERSON: DeliveryState.NEEDS_PERSON,
}
