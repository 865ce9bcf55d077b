"""The rules of delivery: our reference, what each failure means, and when to try again.

Pure; nothing here touches a database or a network.
"""

import hashlib
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from integration_admin.adapters.base import Capabilities, Outcome, Result
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.repositories.deliveries import Suspicion

_BITS = 100
_LETTERS = string.ascii_uppercase + "234567"
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]
"""What ten bits are in base 32: the standard library's own takes ten times as long."""
_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(minutes=15)
_LONGEST_ASKED_WAIT = timedelta(hours=1)

MAX_AGE = timedelta(days=3)
"""How long a record is tried again by itself; after that somebody has to look."""
BUDGET_WINDOW = timedelta(hours=24)
FIRST_LOOK = timedelta(minutes=2)
"""How long after a delivery it is worth asking what became of it, where it waits there to be booked."""
_LOOKS = ((timedelta(days=1), timedelta(hours=1)), (timedelta(days=30), timedelta(hours=6)))
"""Up to this age it is asked again after so long. Vendors count requests, and accountants book once a day or month."""
_SPARING = timedelta(days=1)
POISON_RECOVERIES = 3
"""A record in the middle of so many crashes is not sent again by itself."""


class Then(StrEnum):
    """What a run does after a call that failed."""

    GO_ON = "go_on"
    """With other records; the circuit breaker counts."""
    WAIT = "wait"
    """As long as the accounting system asks, then go on."""
    END = "end"
    """Nothing else would get through either until somebody acts."""


@dataclass(frozen=True, slots=True)
class Treatment:
    """What a failed call means for its records and for the run."""

    result: Result
    then: Then
    transport: bool = False
    """Whether the circuit breaker counts it."""


TREATMENT: Mapping[Fault, Treatment] = MappingProxyType(
    {
        Fault.TRANSIENT: Treatment(Result.NOT_SENT, Then.GO_ON, transport=True),
        Fault.RATE_LIMITED: Treatment(Result.NOT_SENT, Then.WAIT),
        Fault.CONFIG: Treatment(Result.NOT_SENT, Then.END),
        Fault.UPSTREAM: Treatment(Result.UNKNOWN, Then.GO_ON, transport=True),
        Fault.UNKNOWN_OUTCOME: Treatment(Result.UNKNOWN, Then.GO_ON, transport=True),
        Fault.BUG: Treatment(Result.UNKNOWN, Then.END),
    }
)
"""What an error of `send` means for every voucher of its batch, by whose fault it is."""

STATE_OF: Mapping[Result, DeliveryState] = MappingProxyType(
    {
        Result.DELIVERED: DeliveryState.DELIVERED,
        Result.REJECTED: DeliveryState.REJECTED,
        Result.NOT_SENT: DeliveryState.RETRY_WAIT,
        Result.UNKNOWN: DeliveryState.UNKNOWN,
        Result.NEEDS_PERSON: DeliveryState.NEEDS_PERSON,
    }
)


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over what is ready: which records, how many a send, how many sends at the same time."""

    suspicion: Suspicion
    batch_size: int
    in_flight: int


def passes(capabilities: Capabilities) -> tuple[Pass, ...]:
    """Return the passes of a run: first what is above suspicion, at full speed.

    A record that was being sent when the program died may be why it died. Such records go afterwards, one
    batch at a time, and those of two crashes, or of several sends that never arrived, alone: so the one to blame
    is found, and takes nobody else along.
    """
    size = capabilities.batch_size
    return (
        Pass(Suspicion(0, 0), size, capabilities.in_flight),
        Pass(Suspicion(1, 1), size, 1),
        Pass(Suspicion(2), 1, 1),
    )


class References:
    """Our references of records in one accounting system: 22 characters of A-Z and 2-7.

    They are computed, never drawn, so that even a restored backup sends the same ones again.
    """

    def __init__(self, organisation_id: uuid.UUID, integration_id: uuid.UUID) -> None:
        self._begun = hashlib.sha256(_framed(str(organisation_id)) + _framed(str(integration_id)))

    def of(self, kind: str, external_id: str) -> str:
        """Return the reference of one record: the beginning of a SHA-256, written in base 32 (RFC 4648)."""
        digest = self._begun.copy()
        digest.update(_framed(kind) + _framed(external_id))
        bits = int.from_bytes(digest.digest()[: _BITS // 8 + 1], "big") >> (8 - _BITS % 8)
        return "IA" + "".join([_PAIRS[bits >> shift & 1023] for shift in range(_BITS - 10, -1, -10)])


def _framed(part: str) -> bytes:
    encoded = part.encode()
    return len(encoded).to_bytes(4, "big") + encoded


@dataclass(frozen=True, slots=True)
class RetryTimes:
    """When something is tried again; `random` returns a float in [0, 1)."""

    random: Callable[[], float]

    def drawn(self) -> "RetryTimes":
        """Return times with the dice thrown once, when first asked, so that a whole batch waits for the same moment."""
        thrown: list[float] = []

        def once() -> float:
            if not thrown:
                thrown.append(self.random())
            return thrown[0]

        return RetryTimes(once)

    def after_quiet(self, now: datetime, capabilities: Capabilities) -> datetime:
        """Return when an unknown outcome may be looked up."""
        return now + timedelta(seconds=capabilities.quiet_seconds)

    def after_refusal(self, now: datetime, attempts: int, asked: float | None) -> datetime:
        """Return when a delivery that was not processed goes out again.

        The wait the other side asked for, clamped to an hour; else full jitter, doubling from half a
        minute to a quarter of an hour.
        """
        if asked is not None:
            return now + timedelta(seconds=min(max(asked, 0.0), _LONGEST_ASKED_WAIT.total_seconds()))
        doublings = min(max(attempts - 1, 0), 10)
        ceiling = min(_FIRST_WAIT * int(2**doublings), _LONGEST_WAIT)
        return now + ceiling * self.random()


def next_look(sent_at: datetime | None, now: datetime, *, sparing: bool = False) -> datetime | None:
    """Return when to ask again what became of a delivery; after a month nobody asks any more.

    `sparing` is for when few of the requests that the vendor counts are left: then once a day is enough.
    """
    age = now - sent_at if sent_at is not None else timedelta(0)
    pause = next((pause for until, pause in _LOOKS if age < until), None)
    return None if pause is None else now + (max(pause, _SPARING) if sparing else pause)


def outcome_of_error(reference: str, error: AdapterError) -> Outcome:
    """Return the outcome a voucher has when the whole batch ended in `error`."""
    return Outcome(
        reference,
        TREATMENT[error.fault].result,
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
