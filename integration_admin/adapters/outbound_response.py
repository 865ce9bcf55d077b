"""The answer to a call: read within its size limits, decoded in bounded steps, parsed on request."""

import asyncio
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn

import aiohttp

from integration_admin.adapters.outbound_errors import Broken, Cause

_MAX_HEADER_BYTES = 65_536
_MAX_DEPTH = 64
_NESTING = (dict, list)
"""A tuple: a union would be made anew for every value of an answer."""
_BEFORE_JSON = b"\xef\xbb\xbf \t\r\n"
_LARGE = 524_288
"""Bytes of a body that are parsed on the spot: what is cheapest to write takes a tenth of a second then."""
_MOST_LISTS = 200_000
"""In a large body. A listing of 16 MiB has one for each of its 50,000 rows, if that."""
_STEP = 65_536
_WINDOWS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
"""How zlib is told which of its formats to read; nothing else is decoded."""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer of any status. Header names are lower-case; the body is decoded."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    ahead: Any = field(default=None, repr=False)
    """What a large body says as JSON, in a list of one: it was parsed when it came, beside everything else."""

    def json(self) -> Any:
        """Return the body as JSON, with Decimal for numbers that have a fraction.

        Raises AdapterError with the code `html` for a web page, and `not_json` for anything else
        that is not UTF-8 JSON, holds NaN or Infinity, or nests deeper than 64 levels.
        """
        (parsed,) = self.ahead or [_parsed(self.body, _DECODER)]
        if parsed is not _Unreadable:
            return parsed
        raise (Cause.HTML if self._is_page() else Cause.NOT_JSON).error(internal=f"status {self.status}")

    def _is_page(self) -> bool:
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        start = self.body[:256].lstrip(_BEFORE_JSON).lower()
        return kind in {"text/html", "application/xhtml+xml"} or start.startswith(
            (b"<!doctype html", b"<html")
        )


class _Unreadable:
    """Stands for a body that is no JSON, since every JSON value may be asked for."""


def _parsed(body: bytes, decoder: json.JSONDecoder) -> Any:
    """Return what a body says as JSON; _Unreadable for what is none, or none that is taken."""
    try:
        parsed = decoder.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return _Unreadable
    return _Unreadable if _is_deep(parsed) else parsed


def _parsed_in_turns(body: bytes) -> Any:
    """Do the same in a thread, so that others get their turn.

    Python's parser lets go of the interpreter only where it calls a function that is itself Python: for each object
    and number here. Only lists in lists have neither, so there may not be many.
    """
    if body.count(b"[") > _MOST_LISTS:
        return _Unreadable
    return _parsed(body, _DECODER_IN_TURNS)


def _same(row: dict[str, Any]) -> dict[str, Any]:
    return row


def _decimal(digits: str) -> Decimal:
    return Decimal(digits)


def _whole(digits: str) -> int:
    return int(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)
"""Made once: `json.loads` makes one anew each time it is told how to read numbers."""
_DECODER_IN_TURNS = json.JSONDecoder(
    object_hook=_same, parse_float=_decimal, parse_int=_whole, parse_constant=_refuse_constant
)


def _is_deep(value: object) -> bool:
    """Tell whether JSON nests deeper than allowed, going level by level instead of recursing."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in _children(node) if isinstance(child, _NESTING)]
        if not level:
            return False
    return True


def _children(node: object) -> Iterable[object]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


async def read(response: aiohttp.ClientResponse, limit: int) -> Response:
    """Read the body within `limit`; raises Broken."""
    headers = _headers(response.raw_headers)
    if headers.get("transfer-encoding", "chunked").lower() != "chunked":
        raise Broken(Cause.BAD_ENCODING)
    if (response.content_length or 0) > limit:
        raise Broken(Cause.TOO_LARGE)
    body = _Body(headers.get("content-encoding", ""), limit)
    while chunk := await response.content.readany():
        body.feed(chunk)
        if not response.content.at_eof():
            # What has arrived already is handed over without a wait; the others get their turn in between.
            await asyncio.sleep(0)
    whole = body.whole()
    is_large = len(whole) > _LARGE and whole.lstrip(_BEFORE_JSON)[:1] in {b"{", b"["}
    ahead = [await asyncio.to_thread(_parsed_in_turns, whole)] if is_large else None
    return Response(response.status, headers, whole, ahead)


def _headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the headers by lower-case name, repeated ones joined; cookies are left out."""
    if sum(len(name) + len(value) for name, value in raw) > _MAX_HEADER_BYTES:
        raise Broken(Cause.BAD_RESPONSE)
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name = raw_name.decode("latin-1").lower()
        value = raw_value.decode("utf-8", "replace")
        if name != "set-cookie":
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


class _Body:
    """Gathers a body and decodes it in steps, so that a small one cannot become a huge one."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._limit = limit
        self._received = self._decoded = 0
        self._parts: list[bytes] = []
        coding = encoding.strip().lower()
        if coding not in {"", "identity", *_WINDOWS}:
            raise Broken(Cause.BAD_ENCODING)
        self._unpacker = zlib.decompressobj(_WINDOWS[coding]) if coding in _WINDOWS else None

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes as they came; raises Broken."""
        self._received += len(chunk)
        if self._received > self._limit:
            raise Broken(Cause.TOO_LARGE)
        if self._unpacker is None:
            self._parts.append(chunk)
            return
        try:
            self._unpack(self._unpacker, chunk)
        except zlib.error:
            raise Broken(Cause.BAD_ENCODING) from None

    def _unpack(self, unpacker: "zlib._Decompress", chunk: bytes) -> None:
        step = b""
        while chunk or len(step) == _STEP:
            step = unpacker.decompress(chunk, _STEP)
            chunk = unpacker.unconsumed_tail
            self._decoded += len(step)
            self._parts.append(step)
            if self._decoded > self._limit:
                raise Broken(Cause.TOO_LARGE)
            if unpacker.unused_data:
                raise Broken(Cause.BAD_ENCODING)

    def whole(self) -> bytes:
        """Return the decoded body; raises Broken when it ends in the middle."""
        if self._unpacker is not None and self._received and not self._unpacker.eof:
            raise Broken(Cause.BAD_ENCODING)
        return b"".join(self._parts)
