"""How the lines of an audit log are chained: each line's hash covers its own words and the hash of the line before.

Where lines are stored and read is in repositories/audit.py; what a broken chain means in services/audit_chain_check.py.
"""

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

BEGINNING: Final = "0" * 64
"""What stands where the first line of an organisation would have its predecessor's hash."""


class ChainLine(NamedTuple):
    """Everything of a line that its hash covers."""

    organisation_id: uuid.UUID
    number: int
    at: datetime
    actor: str
    action: str
    target: str
    detail: dict[str, Any]
    previous_hash: str


def digest(line: ChainLine) -> str:
    """Return the SHA-256 of a line's canonical JSON, as hexadecimal digits.

    Canonical is: the keys sorted, no spaces, every character beyond ASCII escaped, times in UTC with microseconds.
    """
    canonical = {
        "action": line.action,
        "actor": line.actor,
        "at": line.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "detail": line.detail,
        "number": line.number,
        "organisation": str(line.organisation_id),
        "previous": line.previous_hash,
        "target": line.target,
    }
    written = json.dumps(canonical, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(written.encode("ascii")).hexdigest()


def storable(detail: dict[str, Any]) -> dict[str, Any]:
    """Return `detail` as every database gives it back: decimal fractions, which databases write anew, as words."""
    written = json.dumps(detail, default=str)
    kept: dict[str, Any] = _without_zero(json.loads(written, parse_float=str, parse_constant=str))
    return kept


def _without_zero(value: Any) -> Any:
    """Return what was said without the zero character, which PostgreSQL stores in no text."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_zero(one) for one in value]
    if isinstance(value, dict):
        return {_without_zero(name): _without_zero(one) for name, one in value.items()}
    return value
