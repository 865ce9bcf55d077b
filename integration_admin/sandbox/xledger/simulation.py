"""The whole simulated Xledger in memory: world, ledger, tokens, limits, faults and counts."""

from collections import Counter
from typing import Any

from integration_admin.core.clock import Clock
from integration_admin.sandbox.faults import FaultPlan
from integration_admin.sandbox.xledger.behaviour import Behaviour
from integration_admin.sandbox.xledger.engine import Engine
from integration_admin.sandbox.xledger.ledger import Ledger
from integration_admin.sandbox.xledger.limits import OSLO, Limiter
from integration_admin.sandbox.xledger.problems import Problem
from integration_admin.sandbox.xledger.tokens import Token, issue_tokens
from integration_admin.sandbox.xledger.world import World


class Simulation:
    """What the routes share; `reset` brings it back to how it started."""

    def __init__(self, seed: int, behaviour: Behaviour, faults: FaultPlan, clock: Clock) -> None:
        self._seed = seed
        self._initial = behaviour
        self.clock = clock
        self.faults = faults
        self.engine = Engine()
        self.reset()

    def reset(self) -> None:
        """Forget everything that was booked, counted or changed."""
        self.behaviour = self._initial.model_copy()
        self.world = World(self.clock.now().astimezone(OSLO).date())
        self.ledger = Ledger(self.world, self.behaviour, self.clock)
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
