"""The multipart form of a batch: what is written, and that nothing but a whole answer is read."""

import json
from decimal import Decimal

import pytest

from integration_admin.adapters.dynamics.finance_operations.batch import Unreadable, read, written
from integration_admin.adapters.dynamics.odata import encode
from integration_admin.adapters.outbound import Response

KIND = "multipart/mixed; boundary=b"
GOOD = (
    "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n"
    "--c\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\n"
    'HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n{"Document":"A"}\r\n--c--\r\n'
    "--b\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 500 Oh\r\n\r\n{}\r\n--b--\r\n"
)


def response(body: str, kind: str = KIND) -> Response:
    return Response(200, {"content-type": kind}, body.encode())


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
@pytest.mark.parametrize(
    "kind", [KIND, 'Multipart/Mixed;boundary="b"', "multipart/mixed; charset=x; boundary=b"]
)
def test_a_whole_answer_is_read_changeset_by_changeset(newline: str, kind: str) -> None:
    groups = read(response(GOOD.replace("\r\n", newline), kind))
    assert [[answer.status for answer in group] for group in groups] == [[201], [500]]
    assert groups[0][0].json() == {"Document": "A"}


def test_an_answer_without_a_body_or_headers_is_an_answer() -> None:
    [[answer]] = read(response("--b\nContent-Type: application/http\n\nHTTP/1.1 204 No Content\n--b--"))
    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.parametrize("length", range(0, len(GOOD) - 3, 7))
def test_an_answer_that_breaks_off_anywhere_is_not_read(length: int) -> None:
    with pytest.raises(Unreadable):
        read(response(GOOD[:length]))


@pytest.mark.parametrize(
    ("found", "becomes"),
    [
        ("--b--", "--b"),
        ("--c--", "--d--"),
        ("HTTP/1.1 201 Created", "HTTP/2 201 Created"),
        ("HTTP/1.1 201 Created", "201 Created"),
        ("HTTP/1.1 201", "HTTP/1.1 2011"),
        ("boundary=c", "boundary=x"),
        ("boundary=c", ""),
        ("Content-ID: 1", "Content-ID 1"),
        ("Content-Type: application/http", "Content-Type: text/plain"),
        ("Content-Type: multipart/mixed; boundary=c", "Content-Type: text/html"),
        ("--b\r\nContent-Type: multipart", "garbage\r\n--b\r\nContent-Type: multipart"),
        ("--b--\r\n", "--b--\r\ngarbage"),
        ("--b--\r\n", "--b--\r\n--b--\r\n"),
    ],
)
def test_an_answer_of_another_form_is_not_read(found: str, becomes: str) -> None:
    assert found in GOOD
    with pytest.raises(Unreadable):
        read(response(GOOD.replace(found, becomes, 1)))


@pytest.mark.parametrize(
    "kind", ["", "application/json", "text/html", "multipart/mixed", "multipart/form-data; boundary=b"]
)
def test_an_answer_that_is_no_multipart_is_not_read(kind: str) -> None:
    with pytest.raises(Unreadable):
        read(response(GOOD, kind))


def test_a_request_has_a_changeset_a_voucher_and_the_same_bytes_at_every_attempt() -> None:
    entities = [
        [{"Amount": Decimal("412.00"), "Text": "–\r\n--batch"}, {"Amount": Decimal("0.10")}],
        [{"A": "B"}],
    ]
    kind, body = written("https://fo.example/data/Lines", entities)
    assert (kind, body) == written("https://fo.example/data/Lines", entities)
    boundary = kind.partition("boundary=")[2]
    assert body.count(f"--{boundary}\r\n".encode()) == 2
    assert body.endswith(f"--{boundary}--\r\n".encode())
    assert body.count(b"POST https://fo.example/data/Lines HTTP/1.1\r\n") == 3
    assert [b"Content-ID: %d\r\n" % number in body for number in (1, 2, 3, 4)] == [True] * 3 + [False]
    assert body.isascii()
    assert b'{"Amount":412.00,"Text":"\\u2013\\r\\n--batch"}' in body


@pytest.mark.parametrize(
    "text", ["0", "412.00", "-0.10", "999999999999.9999", "0.0000001", "1E+3", "12345678901234567890.12"]
)
def test_numbers_keep_every_digit(text: str) -> None:
    encoded = encode({"a": [Decimal(text)]})
    assert json.loads(encoded, parse_float=Decimal, parse_int=Decimal) == {"a": [Decimal(text)]}
    assert "e" not in encoded.lower()
