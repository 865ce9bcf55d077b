"""The whole simulated Xledger: world, ledger, tokens, limits, faults and counts."""

from collections import Counter
from typing import Any

from integration_admin.core.clock import Clock
from integration_admin.sandbox.faults import FaultPlan
from integration_admin.sandbox.xledger.behaviour import Behaviour
from integration_admin.sandbox.xledger.engine import Engine
from integration_admin.sandbox.xledger.keeping import Keeper
from integration_admin.sandbox.xledger.ledger import Ledger
from integration_admin.sandbox.xledger.limits import OSLO, Limiter
from integration_admin.sandbox.xledger.problems import Problem
from integration_admin.sandbox.xledger.tokens import Token, issue_tokens
from integration_admin.sandbox.xledger.world import World


class Simulation:
    """What the routes share; with a `keeper` the ledger goes on from where the last one ended."""

    def __init__(
        self, seed: int, behaviour: Behaviour, faults: FaultPlan, clock: Clock, keeper: Keeper | None = None
    ) -> None:
        self._seed = seed
        self._initial = behaviour
        self.clock = clock
        self.faults = faults
        self.engine = Engine()
        self._keeper = keeper
        self._begin()

    def reset(self) -> None:
        """Forget everything that was booked, counted, changed or kept."""
        if self._keeper:
            self._keeper.forget()
        self._begin()

    def _begin(self) -> None:
        self.behaviour = self._initial.model_copy()
        self.world = World(self.clock.now().astimezone(OSLO).date())
        self.ledger = Ledger(self.world, self.behaviour, self.clock)
        if self._keeper:
            self._keeper.restore(self.ledger, self.world, self.clock.monotonic())
            self.ledger.recorder = self._keeper
        self.tokens: dict[str, Token] = issue_tokens(self._seed)
        self.limiters = {token.name: Limiter(self.clock) for token in self.tokens.values()}
        self.requests = 0
        self.errors: Counter[str] = Counter()
        self.faults.reset()

    def count(self, problems: tuple[Problem, ...]) -> None:
        """Count problems by their most telling code."""
        self.errors.update(str(problem.extensions.get("code", problem.code)) for problem in problems)

    def stats(self) -> dict[str, Any]:
        """Return the counts since the start or the last reset."""
        self.ledger.process()
        return {
            "requests": self.requests,
            "vouchers": len(self.ledger.vouchers),
            "lines": len(self.ledger.entries),
            "staged": self.ledger.staged,
            "rejected_lines": len(self.ledger.errors),
            "doubles": self.ledger.doubles,
            "errors": dict(self.errors),
            "faults": dict(self.faults.counts),
        }
