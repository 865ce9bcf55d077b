"""GUIDs of the simulated records: made from what a record is and its number, so that no list of them is kept."""

import re
from enum import IntEnum
from functools import lru_cache

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_OURS = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-4000-8000-0015d0000000", re.IGNORECASE)

NOWHERE = "00000000-0000-0000-0000-000000000000"
"""What Business Central says where a field that holds an id is empty."""


class Kind(IntEnum):
    """What a record is; part of its GUID."""

    COMPANY = 0x11
    ACCOUNT = 0x12
    VENDOR = 0x13
    EMPLOYEE = 0x14
    DIMENSION = 0x15
    DIMENSION_VALUE = 0x16
    CURRENCY = 0x17
    TAX_GROUP = 0x18
    SETUP = 0x19
    BANK = 0x1A
    JOURNAL = 0x21
    LINE = 0x22
    INVOICE = 0x23
    INVOICE_LINE = 0x24
    ATTACHMENT = 0x25
    ENTRY = 0x26


def guid(kind: Kind, number: int) -> str:
    """Return the GUID of a record."""
    return f"{number:08x}-{kind:04x}-4000-8000-0015d0000000"


@lru_cache(maxsize=4_096)
def is_guid(text: str) -> bool:
    """Tell whether `text` is written as a GUID, whatever it names."""
    return _GUID.fullmatch(text) is not None


@lru_cache(maxsize=4_096)
def number_of(kind: Kind, text: str) -> int:
    """Return the number of the record of this kind that a GUID names, or -1."""
    found = _OURS.fullmatch(text)
    return int(found[1], 16) if found and int(found[2], 16) == kind else -1
