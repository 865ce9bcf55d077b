"""Which failures have one cause: the same reason, whatever it says of one record alone. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Final

_OF_ONE_RECORD: Final = frozenset({"amount", "count", "number", "reference"})
"""Names of values a reason has of its one record; they tell no cause from another."""
_WORDS: Final = "words"
"""The name under which a reason holds what another system said."""
_OWN_NAMES: Final = re.compile(
    r"\bIA[A-Z2-7]{20}\b|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\d{6,}"
)
"""What names one record in another system's words: our reference, an id, a long number. Accounts are shorter."""


def cause_of(fault: str, field: str, message: Mapping[str, Any]) -> str:
    """Return what all failures of one cause have in common, as 32 hexadecimal digits.

    `message` is the reason as `Message.to_json` writes it.
    """
    told = json.dumps([fault, field, _common(message)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _common(message: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        name: _common_value(name, value)
        for name, value in message["values"].items()
        if name not in _OF_ONE_RECORD
    }
    return {"template": message["template"], "values": values}


def _common_value(name: str, value: Any) -> Any:
    if isinstance(value, str):
        return _OWN_NAMES.sub("#", value) if name == _WORDS else value
    return _common(value) if "template" in value else value
