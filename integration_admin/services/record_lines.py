"""Reading decoded records out of JSON and NDJSON piece by piece, however large the file is.

CSV lives in record_csv.py; what a record must look like in core/records.py.
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from integration_admin.core.json_objects import read_object
from integration_admin.core.messages import Message, msg

LONGEST = 2**20
"""The longest line, or single record, that is read: 1 MiB."""

_PIECE = 2**16
_DEEPEST = 8
_NEWLINE = b"\n"
_SPACE = re.compile(r"[ \t\r\n]*+")
_BEGINNINGS = frozenset('["-0123456789tfnNI')

_NOT_JSON = msg("This is not JSON.")
_NOT_TEXT = msg("This is not UTF-8 text. Save the file as UTF-8 and try again.")
_TOO_LONG = msg("This is longer than 1 MiB, which no record is.")
_TOO_DEEP = msg("This is nested too deeply to be a record.")
_NO_NUMBER = msg("NaN and Infinity are not numbers a record may hold.")


class Unreadable(Exception):
    """The rest of a file cannot be read; `number` is the file's line, counted from 1."""

    def __init__(self, number: int, message: Message) -> None:
        super().__init__(f"line {number}: {message.template}")
        self.number = number
        self.message = message


class _Refused(ValueError):
    """A JSON text breaks a rule of ours; the parser lets it through as it is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a file as decoded JSON, or the fault that keeps it from being read.

    `number` is the file's line it begins on; `numbers` those of a claim's lines, where each has its own.
    """

    number: int
    record: Any
    fault: Message | None = None
    numbers: tuple[int, ...] = ()


def read_json(stream: BinaryIO) -> Iterator[Line]:
    """Yield the records of one JSON object or list of objects; raises Unreadable."""
    window = _Window(stream)
    if window.next_mark() != "[":
        yield window.take_record()
    else:
        window.skip_mark()
        yield from _elements(window)
    if window.next_mark():
        raise Unreadable(window.line, msg("There is more text after the end of the JSON."))


def _elements(window: "_Window") -> Iterator[Line]:
    if window.next_mark() != "]":
        yield window.take_record()
        while window.next_mark() == ",":
            window.skip_mark()
            window.next_mark()
            yield window.take_record()
    if window.next_mark() != "]":
        raise Unreadable(window.line, _NOT_JSON)
    window.skip_mark()


def read_ndjson(stream: BinaryIO) -> Iterator[Line]:
    """Yield the record of each line; a line that cannot be read does not stop the others."""
    for number, raw in byte_lines(stream):
        if raw is None:
            yield Line(number, None, _TOO_LONG)
        elif raw.strip():
            yield _ndjson_line(number, raw)


def _ndjson_line(number: int, raw: bytes) -> Line:
    try:
        value = _DECODER.decode(raw.decode())
    except UnicodeDecodeError:
        return Line(number, None, _NOT_TEXT)
    except (ValueError, RecursionError) as error:
        return Line(number, None, _fault(error))
    return Line(number, value, _TOO_DEEP if _is_deep(value) else None)


def read_text_lines(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """Yield (line number, text) with line ends kept; raises Unreadable."""
    for number, raw in byte_lines(stream):
        if raw is None:
            raise Unreadable(number, _TOO_LONG)
        try:
            yield number, raw.decode()
        except UnicodeDecodeError:
            raise Unreadable(number, _NOT_TEXT) from None


def byte_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield (line number, bytes) without a byte order mark; None stands for a line over 1 MiB."""
    number = 0
    while raw := stream.readline(LONGEST + 1):
        number += 1
        too_long = len(raw) > LONGEST
        while raw and len(raw) > LONGEST and not raw.endswith(_NEWLINE):
            raw = stream.readline(LONGEST + 1)
        yield number, None if too_long else _without_mark(raw, number)


def _without_mark(raw: bytes, number: int) -> bytes:
    return raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw


class _Window:
    """A piece of decoded text that moves over a stream; `line` is the file's line it begins on."""

    def __init__(self, stream: BinaryIO) -> None:
        self.line = 1
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text = ""
        self._at = 0
        self._ended = False

    def next_mark(self) -> str:
        """Pass over white space and return the character that follows; empty at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._move(space.end() if space else self._at)
            mark = self._text[self._at : self._at + 1]
            if mark or not self._read():
                return mark

    def skip_mark(self) -> None:
        """Pass over one character."""
        self._move(self._at + 1)

    def take_record(self) -> Line:
        """Decode the value that begins here and pass over it; raises Unreadable."""
        mark = self._text[self._at : self._at + 1]
        if mark != "{":
            raise Unreadable(self.line, _OBJECT_WANTED if mark in _BEGINNINGS else _NOT_JSON)
        number = self.line
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                self._read_on(error)
            else:
                break
        if end - self._at > LONGEST:
            raise Unreadable(number, _TOO_LONG)
        self._move(end)
        return Line(number, value, _TOO_DEEP if _is_deep(value) else None)

    def _read_on(self, error: ValueError | RecursionError) -> None:
        """Read more, as the value may only be cut off by the window's end; else raise Unreadable."""
        broken = isinstance(error, (_Refused, RecursionError))
        if not broken and len(self._text) - self._at > LONGEST:
            raise Unreadable(self.line, msg("This is not JSON, or a record longer than 1 MiB."))
        if broken or not self._read():
            place = error.pos if isinstance(error, json.JSONDecodeError) else self._at
            raise Unreadable(self.line + self._text.count("\n", self._at, place), _fault(error))

    def _read(self) -> bool:
        """Append the next piece; return False at the end."""
        if self._ended:
            return False
        piece = self._stream.read(_PIECE)
        self._ended = not piece
        try:
            more = self._decode(piece, final=self._ended)
        except UnicodeDecodeError as error:
            lines = self._text.count("\n", self._at) + piece.count(_NEWLINE, 0, error.start)
            raise Unreadable(self.line + lines, _NOT_TEXT) from None
        self._text = self._text[self._at :] + more
        self._at = 0
        return not self._ended

    def _move(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end


def _refuse_constant(_name: str) -> None:
    raise _Refused


_DECODER = json.JSONDecoder(object_pairs_hook=read_object, parse_constant=_refuse_constant)
_OBJECT_WANTED = msg("Each record must be an object in braces.")


def _fault(error: ValueError | RecursionError) -> Message:
    if isinstance(error, RecursionError):
        return _TOO_DEEP
    return _NO_NUMBER if isinstance(error, _Refused) else _NOT_JSON


def _is_deep(value: Any, left: int = _DEEPEST) -> bool:
    """Tell whether `value` is nested deeper than any record."""
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_is_deep(item, left - 1) for item in inner)
