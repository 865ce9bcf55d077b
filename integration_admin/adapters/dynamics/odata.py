"""What OData is like in both Dynamics systems: literals in filters, exact numbers in JSON, links to next pages.

Addresses, errors and everything an entity means are each system's own.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

_quoted = json.JSONEncoder().encode
"""Made once: json.dumps looks at all its options for every string anew."""
_named = lru_cache(maxsize=512)(_quoted)
"""Names of fields, which are few and come with every line."""


def text(value: str) -> str:
    """Return a string literal for a filter or a key (OData 4.01 ABNF, string): apostrophes are doubled."""
    return "'" + value.replace("'", "''") + "'"


def query(**options: str) -> str:
    """Return the query part of an address from options by name, without their dollar signs.

    `cross_company` and others that have none are for the caller to add.
    """
    return "&".join(f"${name}={quote(value, safe='')}" for name, value in options.items() if value)


def encode(value: Any) -> str:
    """Return JSON in which every Decimal is a number with all the digits it has, never one through float."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict | Mapping):
        # Most values are texts: a batch has some thousand, and a call for each is most of the time it takes.
        parts = [
            f"{_named(str(key))}:{_quoted(part) if type(part) is str else encode(part)}"
            for key, part in value.items()
        ]
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([encode(part) for part in value]) + "]"
    return str(value) if type(value) is int else json.dumps(value)


def next_page(answer: Any, base: str) -> str | None:
    """Return the address of the next page, None on the last one.

    Raises ValueError for a link that leads anywhere but below `base`, where the token must not go.
    """
    link = answer.get("@odata.nextLink") if isinstance(answer, Mapping) else None
    if link is None:
        return None
    address = urljoin(base.rstrip("/") + "/", str(link))
    wanted, found = urlsplit(base), urlsplit(address)
    below = found.path.startswith(wanted.path.rstrip("/") + "/")
    if found[:2] != wanted[:2] or not below or ".." in found.path or found.fragment:
        detail = "the next page is somewhere else"
        raise ValueError(detail)
    return address
