"""Faults on purpose: what goes wrong with a request, how often, and how it looks on the wire.

Which requests a fault may hit is each sandbox's choice; what a fault means is the same for all.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg

ABORT_EXTENSION = "integration_admin.abort"
"""Scope extension with a function that cuts the connection; sandbox/servers.py provides it."""


class Fault(StrEnum):
    """What can go wrong with one request; `_after` means it was carried out first."""

    DROP_BEFORE = "drop_before"
    """The connection is cut and nothing was done."""
    DROP_AFTER = "drop_after"
    """Everything was done; the connection is cut instead of an answer."""
    LATE = "late"
    """Everything was done at once; the answer comes `late_seconds` later."""
    SLOW = "slow"
    """Nothing happens for `slow_seconds`; then all is well."""
    ERROR500_AFTER = "error500_after"
    """Everything was done; the answer is a bare 500."""
    ERROR503 = "error503"
    """Nothing was done; the answer is 503 with Retry-After."""


_NAMES: frozenset[str] = frozenset(Fault)


@dataclass(frozen=True, slots=True)
class FaultSpec:
    """How often each fault happens (the rest of the time nothing does) and how long the slow ones take."""

    shares: tuple[tuple[Fault, float], ...] = ()
    slow_seconds: float = 2.0
    late_seconds: float = 75.0


def parse_faults(spec: str) -> FaultSpec:
    """Read a plan such as "drop_after=0.05,slow=0.02,slow_seconds=1".

    Shares are between 0 and 1 and add up to 1 at the most. Raises ConfigurationError.
    """
    shares: list[tuple[Fault, float]] = []
    seconds: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in spec.split(","))):
        name, _, text = part.partition("=")
        if name in {"slow_seconds", "late_seconds"}:
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
        self.reset()

    def reset(self) -> None:
        """Go back to the plan and the seed of the start."""
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


class FaultMiddleware:
    """Lets the plan's faults happen to the HTTP requests whose path `applies` accepts."""

    def __init__(self, app: ASGIApp, plan: FaultPlan, applies: Callable[[str], bool]) -> None:
        self._app = app
        self._plan = plan
        self._applies = applies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, perhaps badly."""
        if scope["type"] != "http" or not self._applies(scope["path"]):
            await self._app(scope, receive, send)
            return
        fault = self._plan.draw()
        if fault in {None, Fault.SLOW}:
            if fault:
                await asyncio.sleep(self._plan.spec.slow_seconds)
            await self._app(scope, receive, send)
        elif fault is Fault.ERROR503:
            answer = PlainTextResponse("Service Unavailable", 503, {"Retry-After": "1"})
            await answer(scope, receive, send)
        elif fault is Fault.DROP_BEFORE:
            await _drop(scope, receive)
        else:
            await self._carry_out_then(fault, scope, receive, send)

    async def _carry_out_then(self, fault: Fault | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Do what was asked, keep the answer back, and then lose, replace or delay it."""
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        await self._app(scope, receive, keep)
        if fault is Fault.DROP_AFTER:
            await _drop(scope, receive)
        elif fault is Fault.ERROR500_AFTER:
            await PlainTextResponse("Internal Server Error", 500)(scope, receive, send)
        elif not await _leaves_within(self._plan.spec.late_seconds, receive):
            for message in answer:
                await send(message)


async def _drop(scope: Scope, receive: Receive) -> None:
    """Cut the connection without an answer."""
    scope["extensions"][ABORT_EXTENSION]()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    """Wait until the client is gone; a body that is still coming is thrown away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _leaves_within(seconds: float, receive: Receive) -> bool:
    """Wait, and tell whether the client gave up before the time was over."""
    try:
        async with asyncio.timeout(seconds):
            await _gone(receive)
    except TimeoutError:
        return False
    return True
