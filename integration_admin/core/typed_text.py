"""What people typed or pasted, without what nobody meant to type."""

from typing import Final

_MARKS: Final = (0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF)
"""Soft hyphens, spaces without width and marks of direction, which pages and documents hand on when text is copied."""
_UNSEEN: Final = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + "".join(
    map(chr, _MARKS)
)


def without_ends(text: str) -> str:
    """Return a text without spaces, line breaks and signs nobody sees at its beginning and its end."""
    return text.strip(_UNSEEN)
