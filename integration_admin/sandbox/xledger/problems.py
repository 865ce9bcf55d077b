"""What the simulated Xledger refuses a request with, and how that is written in `errors[]`.

The limits' codes, the token format's text and the lookup text are documented (facts S1, S3, S5);
every other text and code is assumed.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any


class ProblemKind(StrEnum):
    """What sort of refusal it is; the HTTP status follows from it."""

    REQUEST = "request"
    AUTHENTICATION = "authentication"
    SCOPE = "scope"
    LIMIT = "limit"
    LOOKUP = "lookup"
    VALIDATION = "validation"


class Limit(StrEnum):
    """Which limit was reached."""

    BURST = "BURST_RATE_LIMIT_REACHED"
    CONCURRENCY = "CONCURRENCY_LIMIT_REACHED"
    CREDITS = "INSUFFICIENT_CREDITS"


_LIMIT_TEXTS = {
    Limit.BURST: "Too many requests.",
    Limit.CONCURRENCY: "Too many concurrent requests.",
    Limit.CREDITS: "Insufficient credits.",
}


class Problem(Exception):
    """One entry of `errors[]`; `code` stands at its top level, as in Xledger's own samples."""

    def __init__(
        self,
        kind: ProblemKind,
        message: str,
        *,
        code: str = "BAD_REQUEST",
        extensions: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.code = code
        self.extensions = extensions or {}

    def formatted(self) -> dict[str, Any]:
        """Return the JSON of this entry."""
        entry: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.extensions:
            entry["extensions"] = self.extensions
        return entry


class Refused(Exception):
    """Several problems with one mutation."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


def invalid(message: str) -> Problem:
    """Return a problem with what was sent, other than a lookup that finds nothing."""
    return Problem(ProblemKind.VALIDATION, message, extensions={"code": "INVALID_VALUE"})


def limit_reached(limit: Limit, **extensions: str) -> Problem:
    """Return one of the three documented limit problems."""
    return Problem(ProblemKind.LIMIT, _LIMIT_TEXTS[limit], code=f"BAD_REQUEST.{limit}", extensions=extensions)


def bad_request(message: str) -> Problem:
    """Return a problem with the request as such."""
    return Problem(ProblemKind.REQUEST, message)
