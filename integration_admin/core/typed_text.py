"""What people typed or pasted, without what nobody meant to type."""

import unicodedata
from typing import Final

_MARKS: Final = (0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
"""Soft hyphens, spaces without width and marks of direction, which pages and documents hand on when text is copied."""
_UNSEEN: Final = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + "".join(
    map(chr, _MARKS)
)

_BLANKS: Final = dict.fromkeys((0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0), " ")
"""Letters and signs that are drawn as nothing but room."""
_SELECTORS: Final = frozenset(
    map(
        chr, (0x34F, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
    )
)
"""Marks that only say how the sign before them is drawn."""


def without_ends(text: str) -> str:
    """Return a text without spaces, line breaks and signs nobody sees at its beginning and its end."""
    return text.strip(_UNSEEN)


def seen(text: str) -> str:
    """Return a text as people see it: composed, without signs that are not drawn, runs of space as one."""
    if not (text.isascii() and text.isprintable()):
        composed = unicodedata.normalize("NFC", text).translate(_BLANKS)
        text = "".join(sign for sign in composed if sign.isspace() or not _is_unseen(sign))
    return " ".join(text.split())


def _is_unseen(sign: str) -> bool:
    return sign in _SELECTORS or unicodedata.category(sign) in {"Cc", "Cf"}
