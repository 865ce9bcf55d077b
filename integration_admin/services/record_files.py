"""Importing records from JSON, NDJSON and CSV files: a whole file or nothing of it.

What a record must be is records.py's business; the formats are read by record_lines.py and record_csv.py.
"""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import PurePath
from typing import IO, Any, BinaryIO, cast

from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import Permission
from integration_admin.data.database import Database
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.record_csv import read_claims
from integration_admin.services.record_lines import Line, Unreadable, read_json, read_ndjson, read_text_lines
from integration_admin.services.record_reasons import Reason
from integration_admin.services.records import BATCH, Candidate, IntakeResult, Receipt, RecordIntake, check

Told = Callable[[int, int], None]
"""Is told how many records are stored, and how many there are."""

LARGEST_FILE = 16 * 2**20
"""The largest file that is imported, 16 MiB: an import is one transaction, and nobody else may write meanwhile."""

_MOST_ERRORS = 1_000
_IN_MEMORY = 8 * 2**20


@dataclass(frozen=True, slots=True)
class FileError:
    """What is wrong at one line of a file; `field` is empty when the whole record is meant."""

    number: int
    field: str
    reason: Message

    @property
    def message(self) -> Message:
        """The whole sentence, with the line number."""
        if self.field:
            return msg(
                "Line {number}, {field}: {reason}", number=self.number, field=self.field, reason=self.reason
            )
        return msg("Line {number}: {reason}", number=self.number, reason=self.reason)


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

    async def import_file(
        self,
        actor: Actor,
        name: str,
        stream: BinaryIO,
        told: Told = lambda _stored, _total: None,
        *,
        size: int = 0,
    ) -> ImportReport:
        """Store every record of a file, or none and the errors by line.

        The whole file is checked before the database is asked for anything. `told` is called with how many
        records are stored and how many there are, each time some more are. `size` is how many bytes the file
        has, where that is known before it is read. Raises NotPermitted, and InvalidInput for a file of another
        kind, an empty one or one over 16 MiB.
        """
        actor.require(Permission.RUN)
        _check_size(size)
        lines = read_records(name, cast("BinaryIO", _Limited(stream)))
        with tempfile.SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8") as prepared:
            errors, total = await asyncio.to_thread(_prepare, lines, prepared)
            if errors.count:
                return errors.report()
            prepared.seek(0)
            return await self._store(actor, prepared, lambda stored: told(stored, total))

    async def _store(self, actor: Actor, prepared: IO[str], told: Callable[[int], None]) -> ImportReport:
        errors = _Errors()
        try:
            async with self._database.write(actor.organisation_id) as unit:
                counts = await self._store_all(unit, prepared, errors, told)
                errors.take_back()
        except _NothingStored:
            return errors.report()
        return ImportReport(
            created=counts[IntakeResult.CREATED],
            updated=counts[IntakeResult.UPDATED],
            unchanged=counts[IntakeResult.UNCHANGED],
        )

    async def _store_all(
        self, unit: Unit, prepared: IO[str], errors: "_Errors", told: Callable[[int], None]
    ) -> Counter[IntakeResult]:
        counts: Counter[IntakeResult] = Counter()
        while batch := [_unpacked(text) for text in islice(prepared, BATCH)]:
            receipts = await self._intake.store(unit, [candidate for _, candidate in batch])
            counts.update(receipt.result for receipt in receipts)
            for (line, _), receipt in zip(batch, receipts, strict=True):
                errors.add(line, receipt.reasons)
            told(counts.total())
        return counts


def read_records(name: str, stream: BinaryIO) -> Iterator[Line]:
    """Yield the decoded records of a file, by the ending of its name: .json, .ndjson, .jsonl or .csv.

    A fault that makes the rest unreadable comes as the last line. Raises InvalidInput for another ending.
    """
    return _to_the_end(_reader(name)(stream))


def _reader(name: str) -> Callable[[BinaryIO], Iterator[Line]]:
    reader = _READERS.get(PurePath(name).suffix.lower())
    if reader is None:
        raise InvalidInput(msg("Choose a file whose name ends in .json, .ndjson or .csv."))
    return reader


def _read_csv(stream: BinaryIO) -> Iterator[Line]:
    return read_claims(read_text_lines(stream))


_READERS = {".json": read_json, ".ndjson": read_ndjson, ".jsonl": read_ndjson, ".csv": _read_csv}


def _to_the_end(lines: Iterator[Line]) -> Iterator[Line]:
    try:
        yield from lines
    except Unreadable as stop:
        yield Line(stop.number, None, stop.message)


class _NothingStored(Exception):
    """Takes the import's transaction back."""


class _Errors:
    """Collects what is wrong, the first thousand in full."""

    def __init__(self) -> None:
        self.count = 0
        self._listed: list[FileError] = []

    def add(self, line: Line, reasons: Sequence[Reason]) -> None:
        """Note why one record is refused; a claim line's reasons go to the file's line it stands on."""
        self.count += len(reasons)
        for reason in reasons[: _MOST_ERRORS - len(self._listed)]:
            self._listed.append(FileError(_number(line, reason.field), reason.field, reason.message))

    def take_back(self) -> None:
        """Raise _NothingStored if anything is wrong."""
        if self.count:
            raise _NothingStored

    def report(self) -> ImportReport:
        """Return the report of an import that stored nothing."""
        return ImportReport(errors=tuple(self._listed), error_count=self.count)


def _number(line: Line, field: str) -> int:
    parts = field.split(".")
    if line.numbers and parts[0] == "lines" and len(parts) > 1:
        return line.numbers[int(parts[1]) - 1]
    return line.number


class _Limited:
    """A stream that ends in InvalidInput when a file is too large."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._size = 0

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        return self._counted(self._stream.read(size))

    def readline(self, size: int) -> bytes:
        """Read a line, or up to `size` bytes of one."""
        return self._counted(self._stream.readline(size))

    def _counted(self, piece: bytes) -> bytes:
        self._size += len(piece)
        _check_size(self._size)
        return piece


def _check_size(size: int) -> None:
    if size > LARGEST_FILE:
        limit = LARGEST_FILE // 2**20
        raise InvalidInput(msg("The file is larger than {limit} MiB. Divide it into several.", limit=limit))


def _prepare(lines: Iterator[Line], prepared: IO[str]) -> tuple[_Errors, int]:
    """Check every record and write those to store into `prepared`; return what is wrong and how many there are.

    Raises InvalidInput when there are none.
    """
    errors, count = _Errors(), 0
    for line in lines:
        count += 1
        if line.fault is not None:
            errors.add(line, [Reason("", line.fault)])
            continue
        item = check(line.record)
        if isinstance(item, Receipt):
            errors.add(line, item.reasons)
        elif not errors.count:
            prepared.write(_packed(line, item))
    if not count:
        raise InvalidInput(msg("The file holds no records."))
    return errors, count


def _packed(line: Line, candidate: Candidate) -> str:
    """Write a checked record as one line of text, so that a large file is not held in memory."""
    values = {field.name: getattr(candidate, field.name) for field in fields(Candidate)}
    return json.dumps([line.number, line.numbers, values]) + "\n"


def _unpacked(text: str) -> tuple[Line, Candidate]:
    number, numbers, values = json.loads(text)
    return Line(number, None, numbers=tuple(numbers)), Candidate(**values)
