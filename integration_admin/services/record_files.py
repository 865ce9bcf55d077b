"""Importing records from JSON, NDJSON and CSV files: a whole file or nothing of it.

What a record must be is records.py's business; the formats are read by record_lines.py and record_csv.py.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePath
from typing import Any, BinaryIO, cast

from babel.numbers import format_decimal

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.services.record_csv import read_claims
from integration_admin.services.record_lines import Line, Unreadable, read_json, read_ndjson, read_text_lines
from integration_admin.services.record_reasons import Reason
from integration_admin.services.records import BATCH, Candidate, IntakeResult, Receipt, RecordIntake, check

LARGEST_FILE = 100 * 2**20
"""The largest file that is imported: 100 MiB."""

_MOST_ERRORS = 1_000
_IN_MEMORY = 8 * 2**20
_PIECE = 2**16


@dataclass(frozen=True, slots=True)
class FileError:
    """What is wrong at one line of a file; `field` is empty when the whole record is meant."""

    number: int
    field: str
    reason: Message

    @property
    def message(self) -> Message:
        """The whole sentence, with the line number and the reason in English."""
        return self._sentence("en")

    def words(self, language: str) -> str:
        """Return the whole sentence in `language`."""
        return self._sentence(language).translate(language)

    def _sentence(self, language: str) -> Message:
        number = format_decimal(self.number, locale=language)
        reason = self.reason.translate(language)
        if self.field:
            return msg("Line {number}, {field}: {reason}", number=number, field=self.field, reason=reason)
        return msg("Line {number}: {reason}", number=number, reason=reason)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How an import went: with any error nothing was stored and the counts are zero."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    errors: tuple[FileError, ...] = ()
    error_count: int = 0
    """All errors; `errors` lists the first thousand."""

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data, sentences in English."""
        return {
            "stored": not self.errors,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "error_count": self.error_count,
            "errors": [
                {"line": error.number, "field": error.field, "reason": str(error.reason)}
                for error in self.errors
            ],
        }


class RecordFiles:
    """Imports files of records for an organisation."""

    def __init__(self, database: Database, intake: RecordIntake) -> None:
        self._database = database
        self._intake = intake

    async def import_file(self, actor: Actor, name: str, stream: BinaryIO) -> ImportReport:
        """Store every record of a file, or none and the errors by line.

        The file is read twice, so that nothing is locked while faults are looked for. Raises
        NotPermitted, and InvalidInput for a file of another kind, an empty one or one over 100 MiB.
        """
        actor.require(Permission.RUN)
        _reader(name)
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spooled:
            copy = cast("BinaryIO", spooled)
            await asyncio.to_thread(_copy, stream, copy)
            faults = await asyncio.to_thread(_faults, name, copy)
            if faults.count:
                return faults.report()
            copy.seek(0)
            return await self._store(actor, name, copy)

    async def _store(self, actor: Actor, name: str, stream: BinaryIO) -> ImportReport:
        errors = _Errors()
        counts = dict.fromkeys(IntakeResult, 0)
        checked = _checked(name, stream)
        try:
            async with self._database.write(actor.organisation_id) as unit:
                while batch := await asyncio.to_thread(_take, checked):
                    receipts = await self._intake.store(unit, [item for _, item in batch])
                    for (line, _), receipt in zip(batch, receipts, strict=True):
                        counts[receipt.result] += 1
                        errors.add(line, receipt.reasons)
                if errors.count:
                    raise _NothingStored
        except _NothingStored:
            return errors.report()
        return ImportReport(
            created=counts[IntakeResult.CREATED],
            updated=counts[IntakeResult.UPDATED],
            unchanged=counts[IntakeResult.UNCHANGED],
        )


def read_records(name: str, stream: BinaryIO) -> Iterator[Line]:
    """Yield the decoded records of a file, by the ending of its name: .json, .ndjson, .jsonl or .csv.

    A fault that makes the rest unreadable is the last line. Raises InvalidInput for another ending.
    """
    read = _reader(name)
    try:
        yield from read(stream)
    except Unreadable as stop:
        yield Line(stop.number, None, stop.message)
