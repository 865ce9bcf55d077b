"""Reads the changesets of a `$batch` request and writes its answer, as multipart/mixed both."""

import json
import re
import uuid
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from integration_admin.sandbox.dynamics.finance_operations_problems import Problem, bad_request

MOST_OPERATIONS: Final = 5_000
_BOUNDARY = re.compile(r'multipart/mixed;\s*boundary="?([^\s";]{1,70})"?')
_REQUEST = re.compile(r"POST (\S+) HTTP/1\.1")

Row = dict[str, Any]
Answer = list[Row] | Problem


def changesets(content_type: str, body: bytes, path: str) -> list[list[Row]]:
    """Return the entities of each changeset; all must be posted to `path`. Raises Problem."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise bad_request(words="The batch is not UTF-8.") from None
    found = [
        [_entity(content, path) for _, content in _parts(kind, part)]
        for kind, part in _parts(content_type, text)
    ]
    if sum(map(len, found)) > MOST_OPERATIONS:
        raise bad_request(words=f"A batch has at most {MOST_OPERATIONS} operations.")
    return found


def answered(answers: Sequence[Answer]) -> tuple[str, bytes]:
    """Return the content type and the body of an answer; a failed changeset has one part with Content-ID 1."""
    outer = f"batchresponse_{uuid.uuid4()}"
    lines: list[str] = []
    content_id = 0
    for answer in answers:
        inner = f"changesetresponse_{uuid.uuid4()}"
        lines += [f"--{outer}", f"Content-Type: multipart/mixed; boundary={inner}", ""]
        if isinstance(answer, Problem):
            lines += _part(inner, 1, answer.status, "Internal Server Error", answer.body().decode())
        else:
            for row in answer:
                content_id += 1
                lines += _part(inner, content_id, 201, "Created", encoded(row))
        lines.append(f"--{inner}--")
    lines += [f"--{outer}--", ""]
    return f"multipart/mixed; boundary={outer}", "\r\n".join(lines).encode()


def encoded(value: Any) -> str:
    """Return JSON with exact numbers."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(name)}:{encoded(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(encoded, value)) + "]"
    return json.dumps(value)


def entity(body: str | bytes) -> Row:
    """Return a posted entity, its numbers exact. Raises Problem."""
    try:
        found = json.loads(body, parse_float=Decimal, parse_int=Decimal)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise bad_request(words="The body is not a JSON object.")
    return found


def _part(boundary: str, content_id: int, status: int, words: str, body: str) -> list[str]:
    return [
        f"--{boundary}",
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        f"Content-ID: {content_id}",
        "",
        f"HTTP/1.1 {status} {words}",
        "Content-Type: application/json; odata.metadata=minimal; charset=utf-8",
        "OData-Version: 4.0",
        "",
        body,
    ]


def _entity(content: str, path: str) -> Row:
    head, blank, body = content.partition("\r\n\r\n")
    first = _REQUEST.match(head)
    if first is None or not blank:
        raise bad_request(words="Only POST requests with a body are understood in a changeset.")
    if urlsplit(first[1]).path != path:
        raise bad_request(words=f"Nothing is posted to {first[1][:80]} here.")
    return entity(body)


def _parts(content_type: str, body: str) -> Iterator[tuple[str, str]]:
    """Yield the content type and the content of each part. Raises Problem."""
    found = _BOUNDARY.fullmatch(content_type.strip())
    if found is None:
        raise bad_request(words="The content type has no boundary.")
    opening, end = f"--{found[1]}\r\n", f"--{found[1]}--"
    if not body.startswith(opening) or end not in body:
        raise bad_request(words="The batch breaks off.")
    whole = body[: body.index(end)]
    for part in whole.split(opening)[1:]:
        head, blank, content = part.partition("\r\n\r\n")
        kinds = re.findall(r"(?im)^content-type:\s*(.+?)\r?$", head)
        if not blank or len(kinds) != 1:
            raise bad_request(words="A part of the batch has no content type.")
        yield kinds[0], content.removesuffix("\r\n")
