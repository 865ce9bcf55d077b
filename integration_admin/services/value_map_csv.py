"""The accounts of the categories as a CSV file, out for a spreadsheet and back in.

Reading fills in the form; what is saved is judged by config_validator.py like anything typed.
"""

import asyncio
import csv
import io
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import LANGUAGES, Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.services.mapping_form import category_rows, wants_suggestions
from integration_admin.services.mapping_plans import ACCOUNTS
from integration_admin.services.mappings import Mappings
from integration_admin.services.packed_files import unpacked
from integration_admin.services.spreadsheet import DELIMITERS, FORMULA, guarded
from integration_admin.services.value_map_rows import LONGEST_CODE

MOST_FILE: Final = 1_000_000
"""Bytes of a file: the longest value map there can be takes less."""
MOST_PACKED: Final = 900_000
"""Characters of a packed file: one event through the browser's connection holds a megabyte at the most."""
_MOST_ROWS: Final = 5_000
_LONGEST_VALUE: Final = 64
_FIELD: Final = "value_map_file"

VALUE, CODE, NAME = msg("Category"), msg("Account"), msg("Name")


@dataclass(frozen=True, slots=True)
class CodeRow:
    """One row of a value map and what its code is called."""

    value: str
    code: str
    name: str


@dataclass(slots=True)
class Reading:
    """What a file says: a code for each value, or what is wrong in which line. With faults nothing counts."""

    values: dict[str, str] = field(default_factory=dict)
    faults: list[Message] = field(default_factory=list)


class ValueMapFiles:
    """Writes the accounts of the categories as a file, and reads such a file."""

    def __init__(self, mappings: Mappings) -> None:
        self._mappings = mappings

    async def export(self, actor: Actor, integration_id: uuid.UUID, language: str) -> bytes:
        """Return the file of what is saved, or suggested where nothing is, with every category in use.

        The headings are in `language`.
        """
        actor.require(Permission.VIEW)
        editor = await self._mappings.editor(actor, integration_id)
        wanted = wants_suggestions(editor.targets, editor.mapping)
        suggestions = await self._mappings.suggestions(actor, integration_id) if wanted else {}
        rows = category_rows(editor.targets, editor.mapping, editor.categories, suggestions)
        names = await self._mappings.names(actor, integration_id, ACCOUNTS, {row.code for row in rows})
        return written((CodeRow(row.category, row.code, names.get(row.code, "")) for row in rows), language)

    async def read(self, actor: Actor, packed: str) -> Reading:
        """Read a file that came as base64 of gzip; nothing is stored.

        Raises InvalidInput with a sentence beside the field `value_map_file`.
        """
        actor.require(Permission.CONFIGURE)
        try:
            return await asyncio.to_thread(lambda: _with_something(unpacked(packed, MOST_PACKED, MOST_FILE)))
        except InvalidInput as wrong:
            raise InvalidInput(wrong.message, fields={_FIELD: wrong.message}) from None


def written(rows: Iterable[CodeRow], language: str) -> bytes:
    """Write rows with semicolons, as spreadsheets of most of Europe expect, in UTF-8 with the mark Excel needs."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([heading.translate(language) for heading in (VALUE, CODE, NAME)])
    writer.writerows([guarded(cell) for cell in (row.value, row.code, row.name)] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def read(whole: bytes) -> Reading:
    """Read a file with semicolons, tabs or commas, in UTF-8 or as old Windows programs write it.

    Raises InvalidInput where it is not such a file at all.
    """
    if len(whole) > MOST_FILE:
        raise InvalidInput(msg("The file is too large to be a list of accounts."))
    text = _decoded(whole)
    first = text.lstrip().split("\n", 1)[0]
    delimiter = next((mark for mark in DELIMITERS if mark in first), ";")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    reading = Reading()
    try:
        places = _places(next((row for row in rows if any(row)), []))
        for cells in rows:
            if any(cell.strip() for cell in cells):
                reading.faults += _take(reading.values, places, cells, rows.line_num)
    except csv.Error:
        fault = msg("This row cannot be read as CSV. Look for a quotation mark that is not closed.")
        reading.faults.append(_at(rows.line_num, fault))
    if len(reading.values) > _MOST_ROWS:
        raise InvalidInput(msg("The file has more than {count} categories.", count=_MOST_ROWS))
    return reading


def _with_something(whole: bytes) -> Reading:
    """Read a file; raises InvalidInput also where it has no account, for then it was most likely the wrong one."""
    reading = read(whole)
    if not reading.values and not reading.faults:
        raise InvalidInput(msg("There is no account in the file. Nothing was filled in."))
    return reading


def _decoded(whole: bytes) -> str:
    try:
        text = whole.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = whole.decode("cp1252", errors="replace")
    if "\0" in text:
        raise InvalidInput(msg("This is not a CSV file. In your spreadsheet, choose “Save as” and CSV."))
    return text


def _places(headings: Sequence[str]) -> tuple[int, int]:
    """Return in which columns the values and the codes are; headings may be in any of our languages."""
    found = [cell.strip().lower() for cell in headings]
    return _place(found, VALUE), _place(found, CODE)


def _place(found: Sequence[str], wanted: Message) -> int:
    names = {wanted.translate(language).lower() for language in LANGUAGES}
    for place, name in enumerate(found):
        if name in names:
            return place
    raise InvalidInput(
        msg(
            "The file has no column “{column}”. Its first line must hold the names of the columns.",
            column=wanted,
        )
    )


def _take(
    values: dict[str, str], places: tuple[int, int], cells: Sequence[str], number: int
) -> Iterator[Message]:
    """Add a row's code, or yield what is wrong with it. A row without a code says nothing."""
    if len(cells) <= max(places):
        yield _at(number, msg("This row has too few cells."))
        return
    value, code = (_bare(cells[place].strip()) for place in places)
    if not code:
        return
    if not value:
        yield _at(number, msg("The category is missing."))
    elif len(value) > _LONGEST_VALUE or len(code) > LONGEST_CODE:
        yield _at(number, msg("The category or the account is too long."))
    elif values.setdefault(value, code) != code:
        yield _at(number, msg("“{value}” has another account further up.", value=value))


def _at(number: int, fault: Message) -> Message:
    return msg("Line {number}: {fault}", number=number, fault=fault)


def _bare(cell: str) -> str:
    """Take the guard off again."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell
