"""The demo API tokens: who they belong to, what they may do, and how a request shows one.

The tokens are demo credentials made from a seed; they open nothing but this sandbox.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from integration_admin.sandbox.xledger.problems import Problem, ProblemKind

_BAD_FORMAT = 'Bad format for API Token. Expected header: "Authorization: token <your-token>"'


class Scope(StrEnum):
    """The API areas an Xledger administrator ticks, read and write apart (facts S2, S9)."""

    COMMON_READ = "Common (read)"
    GENERAL_LEDGER_READ = "General Ledger (read)"
    GENERAL_LEDGER_WRITE = "General Ledger (write)"
    ACCOUNTS_PAYABLE_READ = "Accounts Payable (read)"
    HUMAN_RESOURCES_READ = "Human Resources (read)"


_ALL = frozenset(Scope)
_KINDS: dict[str, tuple[str, frozenset[Scope]]] = {
    "full": ("main", _ALL),
    "renewed": ("main", _ALL),
    "expired": ("main", _ALL),
    "no_write": ("main", _ALL - {Scope.GENERAL_LEDGER_WRITE}),
    "no_read": ("main", _ALL - {Scope.GENERAL_LEDGER_READ}),
    "branch": ("branch", _ALL),
}


@dataclass(slots=True)
class Token:
    """One API token; it reaches the entity it was made in and that entity's sub-entities."""

    name: str
    value: str
    entity: str
    scopes: frozenset[Scope]
    expired: bool = False

    def require(self, scope: Scope) -> None:
        """Raise a Problem unless the token has `scope` (code and text are assumed)."""
        if scope not in self.scopes:
            raise Problem(
                ProblemKind.SCOPE,
                f"Access denied. The API Token lacks the scope {scope}.",
                code="FORBIDDEN.MISSING_SCOPE",
            )


def demo_tokens(seed: int) -> dict[str, str]:
    """Return the demo credentials of `seed` by name.

    `full` may do everything, and `renewed` too, `expired` nothing, `no_write` and `no_read` lack General Ledger write
    and read, and `branch` belongs to the sub-entity.
    """
    return {name: _value(seed, name) for name in _KINDS}


def issue_tokens(seed: int) -> dict[str, Token]:
    """Return the tokens of `seed` by their secret value."""
    values = demo_tokens(seed)
    return {
        values[name]: Token(name, values[name], entity, scopes, expired=name == "expired")
        for name, (entity, scopes) in _KINDS.items()
    }


def authenticate(header: str | None, tokens: dict[str, Token]) -> Token:
    """Return the token an Authorization header shows.

    Raises Problem: the wrong word with the documented text, an unknown or expired token with
    assumed ones.
    """
    word, _, value = (header or "").partition(" ")
    if word != "token" or not value or " " in value:
        raise Problem(ProblemKind.AUTHENTICATION, _BAD_FORMAT, code="BAD_REQUEST.BAD_TOKEN_FORMAT")
    token = tokens.get(value)
    if token is None:
        raise Problem(ProblemKind.AUTHENTICATION, "Unknown API Token.", code="UNAUTHORIZED.UNKNOWN_TOKEN")
    if token.expired:
        raise Problem(
            ProblemKind.AUTHENTICATION, "The API Token has expired.", code="UNAUTHORIZED.TOKEN_EXPIRED"
        )
    return token


def named(name: str, tokens: Iterable[Token]) -> Token | None:
    """Return the token called `name`, if there is one."""
    return next((token for token in tokens if token.name == name), None)


def _value(seed: int, name: str) -> str:
    digest = hashlib.sha256(f"demo Xledger token {name} {seed}".encode()).digest()
    return f"demo-{name}-" + base64.urlsafe_b64encode(digest[:24]).decode()
