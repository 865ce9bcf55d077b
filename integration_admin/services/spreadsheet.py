"""Keeps cells of CSV files from being taken for formulas by the spreadsheet that opens them."""

from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would begin to calculate with; such cells are written after an apostrophe."""


def guarded(cell: str) -> str:
    """Keep a spreadsheet from calculating what begins like a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell
