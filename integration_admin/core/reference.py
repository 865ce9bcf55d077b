"""Entries of an accounting system's own lists. What the lists are called is each adapter's business."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class ReferenceItem:
    """One entry of a reference list (an account, a cost centre, ...); codes are opaque strings."""

    id: str
    code: str
    name: str
    open: bool = True
    posting: bool = True
    valid_from: date | None = None
    valid_to: date | None = None
