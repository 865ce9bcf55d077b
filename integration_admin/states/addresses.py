"""Reading what an address asks for. Whatever stands there was written by a stranger until it is parsed."""

import uuid
from collections.abc import Sequence
from typing import Any

from integration_admin.core.errors import NotFound
from integration_admin.core.messages import msg

_LONGEST = 200


def asked_id(text: object) -> uuid.UUID | None:
    """Return the id an address names, or none for anything that is not one."""
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def shown_id(text: object) -> uuid.UUID:
    """Return the id of what a page shows, as its events have it; raises NotFound for anything that is not one."""
    found = asked_id(text)
    if found is None:
        raise NotFound(msg("There is nothing at this address."), internal="event without an id")
    return found


def asked_word(url: Any, name: str, known: Sequence[str]) -> str:
    """Return the query parameter `name` if it is one of `known`, else the first of them."""
    asked = str(url.query_parameters.get(name, ""))
    return asked if asked in known else known[0]


def asked_words(url: Any, names: Sequence[str]) -> dict[str, str]:
    """Return those of the query parameters that are there; what they hold may be anything."""
    asked = {name: str(url.query_parameters.get(name, ""))[:_LONGEST] for name in names}
    return {name: text for name, text in asked.items() if text}


def asked_integration(url: Any) -> uuid.UUID | None:
    """Return the integration an address is about: `?id=` in the wizard, the third part of the path elsewhere."""
    parts = str(url.path).strip("/").split("/")
    return asked_id(url.query_parameters.get("id", "")) or asked_id(parts[2] if len(parts) > 2 else "")
