"""Reading the records in a request body: one JSON object, a list, or NDJSON with one object a line."""

import asyncio
import json
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any, NoReturn

from fastapi import Request

from integration_admin.api.problems import UnsupportedContent
from integration_admin.core.errors import InvalidInput
from integration_admin.core.json_objects import read_object
from integration_admin.core.messages import msg

JSON = "application/json"
NDJSON = "application/x-ndjson"
LIST_LIMIT = 1_000
LINE_LIMIT = 50_000
"""Records of NDJSON in one call: ten megabytes of the shortest lines would be millions, each with an answer."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of NDJSON, counted from 1; `record` is missing when the line is no JSON."""

    number: int
    record: Any = None
    broken: bool = False


async def read_lines(request: Request) -> list[Line]:
    """Return every record of the body; a list's are numbered too. Raises InvalidInput, UnsupportedContent.

    The body's size is limited by BodyLimit, so it is taken as a whole and read in a thread.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {JSON, NDJSON}:
        raise UnsupportedContent(msg("Send {json} or {ndjson}.", json=JSON, ndjson=NDJSON))
    body = await request.body()
    return await asyncio.to_thread(_ndjson if kind == NDJSON else _json, body)


def _json(body: bytes) -> list[Line]:
    try:
        decoded = _decode(body)
    except (ValueError, RecursionError):
        raise InvalidInput(msg("The body is not JSON.")) from None
    records = decoded if isinstance(decoded, list) else [decoded]
    if len(records) > LIST_LIMIT:
        raise InvalidInput(msg("A list can have at most {count} records.", count=LIST_LIMIT))
    return [Line(number, record) for number, record in enumerate(records, start=1)]


def _ndjson(body: bytes) -> list[Line]:
    numbered = enumerate(BytesIO(body), start=1)
    filled = ((number, text) for number, text in numbered if text.strip())
    lines = [_line(number, text) for number, text in islice(filled, LINE_LIMIT)]
    if next(filled, None):
        raise InvalidInput(msg("At most {count} records can be sent at once.", count=LINE_LIMIT))
    return lines


def _line(number: int, text: bytes) -> Line:
    try:
        return Line(number, _decode(text))
    except (ValueError, RecursionError):
        return Line(number, broken=True)


def _decode(text: bytes) -> Any:
    """Decode JSON as RFC 8259 has it: UTF-8, and no NaN."""
    return json.loads(
        text.decode("utf-8-sig"), object_pairs_hook=read_object, parse_constant=_refuse_constant
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
