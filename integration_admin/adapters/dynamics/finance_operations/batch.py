"""One `$batch` request: a changeset for each voucher in, one group of answers for each changeset out.

A changeset is written whole or not at all. An answer that is not exactly of the form OData gives it
(OData 4.0 part 1, section 11.7) is not read at all: nobody can tell then what was written.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from integration_admin.adapters.dynamics.odata import encode
from integration_admin.adapters.outbound import Response

_BOUNDARY = re.compile(r'boundary=(?:"([^"\r\n]{1,70})"|([^\s;",]{1,70}))', re.IGNORECASE)
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?")
_END_OF_LINE = re.compile(rb"\r?\n")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_MULTIPART: Final = "multipart/mixed"
_HTTP: Final = "application/http"

Group = tuple[Response, ...]
"""The answers to one changeset; a failed one may have a single answer for all of it."""


class Unreadable(Exception):
    """The answer is no whole answer to a batch; the words are for the log."""


def _unreadable(*, detail: str) -> Unreadable:
    return Unreadable(detail)


def written(address: str, changesets: Sequence[Sequence[Mapping[str, Any]]]) -> tuple[str, bytes]:
    """Return the content type and the body of a request that posts each entity to `address`."""
    bodies = [[encode(entity) for entity in entities] for entities in changesets]
    # Made from the content, so that it is the same at every attempt and is not found in the content.
    digest = hashlib.sha256("".join(body for some in bodies for body in some).encode()).hexdigest()[:32]
    parts: list[str] = []
    content_id = 0
    for place, some in enumerate(bodies, start=1):
        changeset = f"changeset_{digest}_{place}"
        parts += [f"--batch_{digest}", f"Content-Type: {_MULTIPART}; boundary={changeset}", ""]
        for body in some:
            content_id += 1
            parts += [f"--{changeset}", *_operation(address, body, content_id)]
        parts.append(f"--{changeset}--")
    parts += [f"--batch_{digest}--", ""]
    return f"{_MULTIPART}; boundary=batch_{digest}", "\r\n".join(parts).encode()


def _operation(address: str, body: str, content_id: int) -> list[str]:
    return [
        f"Content-Type: {_HTTP}",
        "Content-Transfer-Encoding: binary",
        f"Content-ID: {content_id}",
        "",
        f"POST {address} HTTP/1.1",
        "Content-Type: application/json; charset=utf-8",
        "Accept: application/json",
        "",
        body,
    ]


def read(response: Response) -> list[Group]:
    """Return the groups of answers in their order. Raises Unreadable."""
    groups: list[Group] = []
    for headers, content in _parts(response.headers, response.body):
        kind = _kind(headers)
        if kind == _MULTIPART:
            inner = list(_parts(headers, content))
            if any(_kind(some) != _HTTP for some, _ in inner):
                raise _unreadable(detail="a changeset holds something else than answers")
            groups.append(tuple(_answer(part) for _, part in inner))
        elif kind == _HTTP:
            groups.append((_answer(content),))
        else:
            raise _unreadable(detail="a part is neither a changeset nor an answer")
    return groups


def _parts(headers: Mapping[str, str], body: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield headers and content of each part of a multipart body that is whole."""
    found = _BOUNDARY.search(headers.get("content-type", ""))
    if _kind(headers) != _MULTIPART or found is None:
        raise _unreadable(detail="no multipart answer")
    boundary = re.escape((found[1] or found[2]).encode())
    marks = list(re.finditer(rb"(?:\A|\r?\n)--" + boundary + rb"(--)?[ \t]*(?=\r?\n|\Z)", body))
    if len(marks) < 2 or [bool(mark[1]) for mark in marks] != [False] * (len(marks) - 1) + [True]:
        raise _unreadable(detail="the answer breaks off")
    if body[: marks[0].start()].strip() or body[marks[-1].end() :].strip():
        raise _unreadable(detail="there is something around the answer")
    for mark, following in pairwise(marks):
        yield _opened(body[mark.end() : following.start()])


def _opened(part: bytes) -> tuple[dict[str, str], bytes]:
    """Divide a part, which begins with the end of the line before it, into headers and content."""
    blank = _BLANK_LINE.search(part)
    if blank is None:
        raise _unreadable(detail="a part without an end of its headers")
    return _headers(part[: blank.start()]), part[blank.end() :]


def _answer(content: bytes) -> Response:
    """Return one answer with its status; what comes after the status may be empty."""
    content = content.lstrip(b"\r\n")
    status = _STATUS.match(content)
    if status is None:
        raise _unreadable(detail="an answer without a status")
    rest = content[status.end() :]
    blank = _BLANK_LINE.search(rest)
    headers = _headers(rest[: blank.start()] if blank else rest)
    return Response(int(status[1]), headers, rest[blank.end() :] if blank else b"")


def _headers(block: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in filter(None, _END_OF_LINE.split(block)):
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon:
            raise _unreadable(detail="a header without a colon")
        headers[name.strip().lower()] = value.strip()
    return headers


def _kind(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()
