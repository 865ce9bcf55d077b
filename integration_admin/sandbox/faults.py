"""Faults on purpose: what goes wrong with a request, and how often.

Which requests a fault may hit is each sandbox's choice; how a fault looks to the client is in wire.py.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass
from enum import StrEnum

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg


class Fault(StrEnum):
    """What can go wrong with one request; wherever it says done, it was done before anything went wrong."""

    DROP_BEFORE = "drop_before"
    """The connection is cut and nothing was done."""
    DROP_AFTER = "drop_after"
    """Everything was done; the connection is cut instead of an answer."""
    LATE_COMMIT = "late_commit"
    """The connection is cut, and everything is done `late_commit_seconds` after that."""
    LATE = "late"
    """Everything was done at once; the answer comes `late_seconds` later."""
    SLOW = "slow"
    """Nothing happens for `slow_seconds`; then all is well."""
    ERROR500_AFTER = "error500_after"
    """Everything was done; the answer is a bare 500."""
    ERROR503 = "error503"
    """Nothing was done; the answer is 503 with Retry-After."""
    RATE_LIMITED = "rate_limited"
    """Nothing was done; the answer is 429 with Retry-After."""
    RATE_LIMITED_BARE = "rate_limited_bare"
    """Nothing was done; the answer is 429 without a word about how long to wait."""
    HALF_BODY = "half_body"
    """Everything was done; the answer breaks off in the middle of the length it announced."""
    RESET = "reset"
    """Everything was done; the connection is reset (TCP RST) in the middle of the answer."""
    IDLESS = "idless"
    """Everything was done; the answer is as usual but without any id."""
    WRONG_JSON = "wrong_json"
    """Everything was done; the answer is 200 with JSON that stops in the middle."""
    DUPLICATE = "duplicate"
    """Everything was done twice, by the far side's own mistake, and answered once."""


_NAMES: frozenset[str] = frozenset(Fault)


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """How often each fault happens (the rest of the time nothing does) and how long the slow ones take."""

    shares: tuple[tuple[Fault, float], ...] = ()
    slow_seconds: float = 2.0
    late_seconds: float = 75.0
    late_commit_seconds: float = 5.0


_SECONDS = frozenset({"slow_seconds", "late_seconds", "late_commit_seconds"})


def parse_faults(spec: str) -> FaultSpec:
    """Read a plan such as "drop_after=0.05,slow=0.02,slow_seconds=1".

    Shares are between 0 and 1 and add up to 1 at the most. Raises ConfigurationError.
    """
    shares: list[tuple[Fault, float]] = []
    seconds: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in spec.split(","))):
        name, _, text = part.partition("=")
        if name in _SECONDS:
            seconds[name] = _number(part, text, most=3_600)
        elif name in _NAMES:
            shares.append((Fault(name), _number(part, text, most=1)))
        else:
            raise ConfigurationError(
                msg("“{name}” is not a fault. Known are {known}.", name=name, known=", ".join(Fault))
            )
    if sum(share for _, share in shares) > 1.000_001:
        raise ConfigurationError(msg("The faults add up to more than 1."))
    return FaultSpec(tuple(shares), **seconds)


def _number(part: str, text: str, *, most: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise ConfigurationError(
            msg("“{part}” needs a number between 0 and {most}.", part=part, most=format(most, "g"))
        )
    return value


class FaultPlan:
    """Draws the fault of each request from a seed; the specification can be changed on the way."""

    def __init__(self, spec: str, seed: int) -> None:
        self._initial = parse_faults(spec)
        self._seed = seed
        self.counts: Counter[str] = Counter()
        self._later: set[asyncio.Task[None]] = set()
        self.reset()

    @property
    def pending(self) -> int:
        """How many requests whose client was cut off are still to be carried out."""
        return len(self._later)

    def reset(self) -> None:
        """Go back to the plan and the seed of the start; what was still to be carried out never is."""
        for task in self._later:
            task.cancel()
        self.spec = self._initial
        self.counts.clear()
        self._draw = random.Random(self._seed)  # noqa: S311, a fault plan must be repeatable

    def change(self, spec: str) -> None:
        """Follow another plan from now on. Raises ConfigurationError."""
        self.spec = parse_faults(spec)

    def draw(self) -> Fault | None:
        """Return the fault of the next request, or None where nothing goes wrong."""
        place = self._draw.random()
        for fault, share in self.spec.shares:
            place -= share
            if place < 0:
                self.counts[fault] += 1
                return fault
        return None

    def carry_out_later(self, work: Coroutine[None, None, None]) -> None:
        """Let `work` go on although the request it belongs to is over."""
        task = asyncio.get_running_loop().create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)
