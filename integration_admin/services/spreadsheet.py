"""CSV as spreadsheets of most of Europe expect it, and cells they do not take for formulas."""

import csv
import io
from collections.abc import Iterable
from typing import Final

DELIMITERS: Final = (";", "\t", ",")
"""What stands between the cells of files that are read: the first of these that is in the first line."""
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet would begin to calculate with, also in East Asian width; such cells are written after an
apostrophe. Source: OWASP, CSV Injection."""


def guarded(cell: str) -> str:
    """Keep a spreadsheet from calculating what begins like a formula."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def csv_line(cells: Iterable[str]) -> str:
    """Return one line of a file, with semicolons; who calls guards the cells that are not numbers."""
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\r\n").writerow(cells)
    return text.getvalue()
