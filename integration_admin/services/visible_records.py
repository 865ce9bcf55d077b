"""What a person may see of a record, and of the body it is sent as, by role. Which pages show either is theirs to say."""

import json
import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Permission

VEIL = "***"
"""What stands in a body in place of what the reader may not see."""
_FOR_ADMINISTRATORS = ("email", "bank_account")
_ABOUT_PEOPLE = ("claimant", "purpose", "lines", "reference")
_GAP = "[ .-]?"
"""What people and accounting systems write between the digits of an account number."""


def visible_to(actor: Actor, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a record's JSON a person may see.

    Who only looks sees nothing about people and nothing they wrote; addresses and account numbers are for administrators.
    """
    if not actor.may(Permission.RUN):
        return {name: value for name, value in payload.items() if name not in _ABOUT_PEOPLE}
    if actor.may(Permission.CONFIGURE) or not payload.get("claimant"):
        return dict(payload)
    claimant = {name: value for name, value in payload["claimant"].items() if name not in _FOR_ADMINISTRATORS}
    return dict(payload) | {"claimant": claimant}


def body_visible_to(actor: Actor, body: Mapping[str, Any], record: str) -> Mapping[str, Any]:
    """Return the body that the JSON text `record` is sent as, with `***` for what is for administrators alone."""
    if actor.may(Permission.CONFIGURE):
        return body
    claimant = json.loads(record).get("claimant") or {}
    hidden = [value for name in _FOR_ADMINISTRATORS if (value := (claimant.get(name) or "").strip())]
    if not hidden:
        return body
    found = re.compile("|".join(map(_however_written, hidden)), re.IGNORECASE)
    # A form may have an account number written as a number, which has no noughts before it.
    numbers = frozenset(int(digits) for value in hidden if (digits := _digits(value)).isdecimal())
    veiled: Mapping[str, Any] = _veiled(body, found, numbers)
    return veiled


def _digits(value: str) -> str:
    return re.sub(_GAP, "", value)


def _however_written(value: str) -> str:
    digits = _digits(value)
    return _GAP.join(digits) if digits.isdecimal() else re.escape(value)


def _veiled(value: Any, hidden: re.Pattern[str], numbers: AbstractSet[int]) -> Any:
    if isinstance(value, str):
        return hidden.sub(VEIL, value)
    if isinstance(value, Mapping):
        return {name: _veiled(inner, hidden, numbers) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_veiled(inner, hidden, numbers) for inner in value]
    return VEIL if isinstance(value, int) and value in numbers else value
