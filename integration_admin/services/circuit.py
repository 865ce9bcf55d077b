"""The circuit breaker of one integration: when call after call does not get through, sending rests for a while.

It lives in the integration's row, so that people see it and every process obeys it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from integration_admin.core.messages import Message, msg
from integration_admin.data.models import Integration

OPENS_AFTER = 5
"""Calls in a row that did not get through."""
_LONGEST_REST = timedelta(minutes=15)


@dataclass(slots=True)
class Circuit:
    """Counts the calls that did not get through since the last one that did."""

    rest: timedelta
    failures: int = 0
    open_until: datetime | None = None
    reason: Message | None = None
    _written: tuple[int, datetime | None] = field(default=(0, None))

    @classmethod
    def of(cls, integration: Integration, rest_seconds: float) -> "Circuit":
        """Go on counting where the integration's last run was left."""
        reason = Message.from_json(integration.open_message) if integration.open_message else None
        seen = (integration.transport_failures, integration.open_until)
        return cls(timedelta(seconds=rest_seconds), *seen, reason, seen)

    def rests(self, now: datetime) -> bool:
        """Tell whether nothing shall be sent yet."""
        return self.open_until is not None and now < self.open_until

    def got_through(self) -> None:
        """Close the circuit: the accounting system takes what it is sent."""
        self.failures, self.open_until, self.reason = 0, None, None

    def answered(self) -> None:
        """Let the next send try: the accounting system answers a question that changes nothing.

        Whether it takes what it is sent is not known yet, so the first failure opens the circuit again.
        """
        self.open_until, self.reason = None, None

    def failed(self, now: datetime, why: Message) -> None:
        """Count one more; from the fifth in a row on sending rests, twice as long each time it fails again.

        Calls that fail while it rests were on their way before, and belong to the same failure.
        """
        if not self.rests(now):
            self.still_away(now, why)

    def still_away(self, now: datetime, why: Message) -> None:
        """Count the answer to a question of its own, asked by a person perhaps while sending rests."""
        self.failures += 1
        if self.failures < OPENS_AFTER:
            return
        doublings = min(self.failures - OPENS_AFTER, 10)
        self.open_until = now + min(self.rest * 2**doublings, max(_LONGEST_REST, self.rest))
        self.reason = why

    @property
    def is_open(self) -> bool:
        """Whether sending rests, or waits for the question that finds out whether it may go on."""
        return self.open_until is not None

    def sentence(self) -> Message:
        """Say why nothing is sent."""
        return msg(
            "{count} tries in a row did not reach the accounting system. Sending rests for a while; then one request"
            " checks whether it is back.",
            count=self.failures,
        )

    def changes(self) -> dict[str, Any]:
        """Return the integration's columns that differ from what is stored; empty when none does."""
        if self._written == (self.failures, self.open_until):
            return {}
        return {
            "transport_failures": self.failures,
            "open_until": self.open_until,
            "open_message": self.reason.to_json() if self.reason else None,
        }

    def written(self, changes: Mapping[str, Any]) -> None:
        """Remember that `changes` have been committed; the circuit may have moved on since."""
        if changes:
            self._written = (changes["transport_failures"], changes["open_until"])
