"""How one target field's value is read from a claim, made once a mapping and then used for every claim.

What a value that does not fit means is mapping_resolver.py's business.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from operator import attrgetter

from integration_admin.core.mapping import FieldMapping
from integration_admin.core.records import ClaimLine, ExpenseClaim

Reader = Callable[[ExpenseClaim, ClaimLine | None], str]
QuickReader = Callable[[ExpenseClaim, ClaimLine | None], str | None]

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LINE = "line."


def quick_reader(read: Reader, values: Mapping[str, str], *, tidy: bool, limit: int) -> QuickReader:
    """Return what reads a finished value, or None where the value needs a closer look.

    Nearly every value is as it should be, and is not judged further.
    """
    if values:
        fitting = {source: value for source, value in values.items() if value and len(value) <= limit}
        return lambda claim, line: fitting.get(read(claim, line))

    def quick(claim: ExpenseClaim, line: ClaimLine | None) -> str | None:
        value = read(claim, line)
        if tidy:
            value = " ".join(value.split())
        return value if value and len(value) <= limit else None

    return quick


def reader(field: FieldMapping, allowed: Collection[str]) -> Reader:
    """Return what reads the value `field` describes; sources that are not in `allowed` read as empty."""
    if field.constant is not None:
        return _fixed(field.constant)
    if field.source is not None:
        return _source(field.source, allowed)
    pieces = PLACEHOLDER.split(field.compose or "")
    readers = [
        _source(piece, allowed) if place % 2 else _fixed(piece)
        for place, piece in enumerate(pieces)
        if place % 2 or piece
    ]
    return lambda claim, line: "".join([read(claim, line) for read in readers])


def _fixed(text: str) -> Reader:
    return lambda _claim, _line: text


def _source(name: str, allowed: Collection[str]) -> Reader:
    """Return what reads `name`; anything that is not allowed, known or not, reads as empty."""
    if name not in allowed:
        return _fixed("")
    if name.startswith(_LINE):
        get = attrgetter(name.removeprefix(_LINE))
        return lambda _claim, line: _text(get(line))
    get = attrgetter(name)
    return lambda claim, _line: _text(get(claim))


def _text(value: str | int | date | None) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else str(value)
