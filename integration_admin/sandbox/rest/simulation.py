"""The whole simulated REST ledger: what is booked, who may ask, what goes wrong, and the counts."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request

from integration_admin.core.clock import Clock
from integration_admin.sandbox.faults import FaultPlan
from integration_admin.sandbox.journal import Journal
from integration_admin.sandbox.rest.access import Access, Caller
from integration_admin.sandbox.rest.behaviour import Behaviour
from integration_admin.sandbox.rest.idempotency import Keys
from integration_admin.sandbox.rest.ledger import Ledger
from integration_admin.sandbox.rest.problems import Problem


class Simulation:
    """What the routes share."""

    def __init__(
        self, seed: int, *, limits: bool, faults: FaultPlan, clock: Clock, journal: Journal | None
    ) -> None:
        self.limits = limits
        self.faults = faults
        self.clock = clock
        self.access = Access(seed, clock)
        self.ledger = Ledger(journal)
        self._begin()

    def reset(self) -> None:
        """Forget everything that was booked, counted, changed or kept."""
        self.ledger.forget()
        self.access.revoke()
        self.faults.reset()
        self._begin()

    def _begin(self) -> None:
        self.behaviour = Behaviour()
        self.keys = Keys()
        self.requests = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.errors: Counter[str] = Counter()

    def caller(self, request: Request) -> Caller:
        """Count a request and return who asks. Raises Problem where the credentials are not known."""
        self.requests += 1
        caller = self.access.caller(request.scope["headers"])
        if caller is None and self.behaviour.trusts_connection and not _shows_anything(request):
            return Caller("certificate")
        if caller is None:
            raise Problem(401, "unauthorized", "The API key or token is not known, or has run out.")
        return caller

    @contextmanager
    def under_way(self) -> Iterator[bool]:
        """Count a request for as long as it takes; yields whether there is room for it."""
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            yield not self.limits or self.in_flight <= self.behaviour.most_at_once
        finally:
            self.in_flight -= 1

    def stats(self) -> dict[str, Any]:
        """Return the counts since the start or the last reset; what is booked counts from the first start."""
        ledger = self.ledger
        return {
            "requests": self.requests,
            "vouchers": len(ledger.vouchers),
            "lines": ledger.lines,
            "references": len(ledger.vouchers) - ledger.extra,
            "doubles": ledger.doubles,
            "extra": ledger.extra,
            "sums": dict(ledger.sums),
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
            "pending": self.faults.pending,
            "errors": dict(self.errors),
            "faults": dict(self.faults.counts),
        }


def _shows_anything(request: Request) -> bool:
    return any(name in request.headers for name in ("authorization", "x-api-key"))
