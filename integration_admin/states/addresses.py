"""Reading what an address asks for. Whatever stands there was written by a stranger until it is parsed."""

import uuid
from collections.abc import Sequence
from typing import Any


def asked_id(text: object) -> uuid.UUID | None:
    """Return the id an address names, or none for anything that is not one."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def asked_word(url: Any, name: str, known: Sequence[str]) -> str:
    """Return the query parameter `name` if it is one of `known`, else the first of them."""
    asked = str(url.query_parameters.get(name, ""))
    return asked if asked in known else known[0]


def asked_integration(url: Any) -> uuid.UUID | None:
    """Return the integration an address is about: `?id=` in the wizard, the third part of the path elsewhere."""
    parts = str(url.path).strip("/").split("/")
    return asked_id(url.query_parameters.get("id", "")) or asked_id(parts[2] if len(parts) > 2 else "")
