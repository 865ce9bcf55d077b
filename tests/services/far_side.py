"""An accounting system with a plan of what goes wrong next, a ledger, and bookings that are still to come."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from integration_admin.adapters.base import Booked, Capabilities, Credentials, Outcome, Result, Voucher
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import msg
from tests.fakes import FakeClock
from tests.services.fake_adapter import FakeAdapter, book_all

LATEST_BOOKING = 29
"""Seconds after the answer is lost; shorter than the adapter's processing_seconds."""


class Dies(BaseException):
    """Stands for the end of the exporting process: nothing in it handles this."""


class Mishap(StrEnum):
    """What happens to one send."""

    DROPPED = "dropped"
    LOST_BEFORE = "lost before anything was booked"
    LOST_AFTER = "lost after everything was booked"
    BOOKED_LATE = "lost, and booked a while later"
    HALF_BOOKED = "an error after half of it was booked"
    REJECTED = "the first is rejected"
    HALF_ANSWERED = "booked, but the answer names only the first"
    PUSHED_BACK = "the first is not taken now"
    HALF_TAKEN = "the first needs a person"
    LIMITED = "too many requests, wait five seconds"
    LIMITED_LONG = "too many requests, wait ten minutes"
    REFUSED = "the credentials are refused"
    BROKE = "our own fault after everything was booked"
    DIED_BEFORE = "we die before anything leaves"
    DIED_AFTER = "we die after everything was booked"
    DIED_LATE = "we die, and it is booked a while later"


class Question(StrEnum):
    """What happens to one lookup."""

    UNANSWERED = "unanswered"
    REFUSED = "the credentials are refused"
    DIED = "we die"


_RAISED: dict[Mishap, Callable[[], BaseException]] = {
    Mishap.DROPPED: lambda: AdapterError(msg("Nothing answers."), Fault.TRANSIENT),
    Mishap.LOST_BEFORE: lambda: AdapterError(msg("The answer was lost."), Fault.UNKNOWN_OUTCOME),
    Mishap.LOST_AFTER: lambda: AdapterError(msg("The answer was lost."), Fault.UNKNOWN_OUTCOME),
    Mishap.BOOKED_LATE: lambda: AdapterError(msg("The answer was lost."), Fault.UNKNOWN_OUTCOME),
    Mishap.HALF_BOOKED: lambda: AdapterError(msg("Out of order."), Fault.UPSTREAM),
    Mishap.LIMITED: lambda: AdapterError(msg("Too many requests."), Fault.RATE_LIMITED, retry_after=5.0),
    Mishap.LIMITED_LONG: lambda: AdapterError(msg("Too many."), Fault.RATE_LIMITED, retry_after=600.0),
    Mishap.REFUSED: lambda: AuthenticationFailed(msg("The token is not accepted.")),
    Mishap.BROKE: lambda: RuntimeError("a bug"),
    Mishap.DIED_BEFORE: Dies,
    Mishap.DIED_AFTER: Dies,
    Mishap.DIED_LATE: Dies,
}


class FarSide(FakeAdapter):
    """Books honestly unless the next mishap of its plan says otherwise; `meanwhile` happens during a send."""

    def __init__(self, clock: FakeClock, batch_size: int, in_flight: int, *, lookup: bool) -> None:
        super().__init__(batch_size=batch_size, in_flight=in_flight)
        self.capabilities = Capabilities(
            batch_size=batch_size,
            in_flight=in_flight,
            lookup=lookup,
            lookup_size=3,
            quiet_seconds=60.0,
            send_seconds=30.0,
            processing_seconds=30.0,
        )
        self.clock = clock
        self.plan: deque[tuple[Mishap, int]] = deque()
        self.questions: deque[Question] = deque()
        self.meanwhile: deque[Callable[[], Awaitable[None]]] = deque()
        self.coming: list[tuple[datetime, Voucher]] = []

    def catch_up(self) -> None:
        """Book what was to be booked by now."""
        now = self.clock.now()
        due = [voucher for at, voucher in self.coming if at <= now]
        self.coming = [(at, voucher) for at, voucher in self.coming if at > now]
        for voucher in due:
            self.book(voucher)

    def holds(self) -> list[Voucher]:
        """Return what is booked and what is going to be."""
        return [*self.ledger, *(voucher for _, voucher in self.coming)]

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        del credentials
        self.sent.append([voucher.record_id for voucher in batch])
        await asyncio.sleep(0)
        if self.meanwhile:
            await self.meanwhile.popleft()()
        self.catch_up()
        if not self.plan:
            return book_all(self, batch)
        return self._befall(*self.plan.popleft(), batch)

    async def lookup(self, credentials: Credentials, references: Sequence[str]) -> list[Booked]:
        self.catch_up()
        match self.questions.popleft() if self.questions else None:
            case Question.UNANSWERED:
                raise AdapterError(msg("Not now."), Fault.UPSTREAM)
            case Question.REFUSED:
                raise AuthenticationFailed(msg("The token is not accepted."))
            case Question.DIED:
                raise Dies
            case _:
                return await super().lookup(credentials, references)

    def _befall(self, mishap: Mishap, seconds: int, batch: Sequence[Voucher]) -> list[Outcome]:
        if mishap in {Mishap.LOST_AFTER, Mishap.BROKE, Mishap.DIED_AFTER}:
            book_all(self, batch)
        elif mishap in {Mishap.BOOKED_LATE, Mishap.DIED_LATE}:
            # The send itself takes its time too.
            self.clock.advance(seconds)
            due = self.clock.now() + timedelta(seconds=seconds)
            self.coming += [(due, voucher) for voucher in batch]
        elif mishap is Mishap.HALF_BOOKED:
            book_all(self, batch[: (len(batch) + 1) // 2])
        if mishap in _RAISED:
            raise _RAISED[mishap]()  # noqa: RSE102, these make errors, they are none
        return self._answer(mishap, batch)

    def _answer(self, mishap: Mishap, batch: Sequence[Voucher]) -> list[Outcome]:
        if mishap is Mishap.HALF_ANSWERED:
            return book_all(self, batch)[:1]
        first = Outcome(
            batch[0].reference,
            {
                Mishap.REJECTED: Result.REJECTED,
                Mishap.PUSHED_BACK: Result.NOT_SENT,
                Mishap.HALF_TAKEN: Result.NEEDS_PERSON,
            }[mishap],
            message=msg("Not this one."),
            fault=Fault.TRANSIENT if mishap is Mishap.PUSHED_BACK else Fault.UPSTREAM,
        )
        return [first, *book_all(self, batch[1:])]
