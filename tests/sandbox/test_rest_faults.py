"""Every fault on the REST ledger: what was booked, and what the client saw of it on the wire."""

import asyncio
import json

import httpx2
import pytest

from integration_admin.sandbox.faults import Fault
from tests.sandbox.rest import RESTSandbox, record, rest_sandbox


async def raw_answer(sandbox: RESTSandbox) -> tuple[bytes, Exception | None]:
    """Send REF1 without any HTTP library and return every byte that came, and how the connection ended."""
    body = json.dumps(record("REF1")).encode()
    host, _, port = sandbox.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST /api/vouchers HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        + f"X-Api-Key: {sandbox.key()['X-Api-Key']}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    came, ended = b"", None
    try:
        while part := await reader.read(65_536):
            came += part
    except ConnectionResetError as error:
        ended = error
    writer.close()
    return came, ended


@pytest.mark.parametrize(("fault", "booked"), [("drop_before", []), ("drop_after", ["REF1"])])
async def test_a_dropped_connection_says_nothing(fault: str, booked: list[str]) -> None:
    async with rest_sandbox(faults=f"{fault}=1") as sandbox:
        assert await raw_answer(sandbox) == (b"", None)
        assert await sandbox.booked() == booked


@pytest.mark.parametrize(
    ("fault", "status", "retry_after", "booked"),
    [
        ("error500_after", 500, None, ["REF1"]),
        ("error503", 503, "1", []),
        ("rate_limited", 429, "1", []),
        ("rate_limited_bare", 429, None, []),
    ],
)
async def test_an_answer_that_hides_what_was_done(
    fault: str, status: int, retry_after: str | None, booked: list[str]
) -> None:
    async with rest_sandbox(faults=f"{fault}=1") as sandbox:
        answer = await sandbox.post(record("REF1"))
        assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry_after)
        assert await sandbox.booked() == booked


async def test_a_late_commit_books_after_the_client_was_cut_off() -> None:
    async with rest_sandbox(faults="late_commit=1,late_commit_seconds=0.3") as sandbox:
        began = asyncio.get_running_loop().time()
        assert await raw_answer(sandbox) == (b"", None)
        async with asyncio.timeout(20):
            while not await sandbox.booked():
                pass
            assert asyncio.get_running_loop().time() - began >= 0.3
            while (await sandbox.stats())["pending"]:
                pass
        assert await sandbox.booked() == ["REF1"]


async def test_a_reset_calls_off_what_was_still_to_be_booked() -> None:
    async with rest_sandbox(faults="late_commit=1,late_commit_seconds=0.2") as sandbox:
        await raw_answer(sandbox)
        await sandbox.change("reset")
        await sandbox.change("faults", {"spec": "slow=1,slow_seconds=0.4"})
        await sandbox.post(record("REF2"))
        assert await sandbox.booked() == ["REF2"]


async def test_late_books_at_once_and_answers_a_client_that_waits() -> None:
    async with rest_sandbox(faults="late=1,late_seconds=0.3") as sandbox:
        sending = asyncio.create_task(sandbox.post(record("REF1")))
        while not await sandbox.booked():
            assert not sending.done()
        assert (await sending).json()["id"] == "100001"


async def test_half_a_body_breaks_off_within_the_announced_length() -> None:
    async with rest_sandbox(faults="half_body=1") as sandbox:
        came, ended = await raw_answer(sandbox)
        head, _, body = came.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 201")
        assert f"content-length: {2 * len(body)}".encode() in head or (
            f"content-length: {2 * len(body) + 1}".encode() in head
        )
        assert body
        assert ended is None
        with pytest.raises(httpx2.RemoteProtocolError):
            await sandbox.post(record("REF1"))
        assert await sandbox.booked() == ["REF1", "REF1"]


async def test_a_reset_connection_ends_with_a_tcp_reset_in_the_middle_of_the_answer() -> None:
    async with rest_sandbox(faults="reset=1") as sandbox:
        _, ended = await raw_answer(sandbox)
        assert isinstance(ended, ConnectionResetError)
        assert await sandbox.booked() == ["REF1"]


async def test_an_idless_answer_has_everything_but_ids() -> None:
    async with rest_sandbox(faults="idless=1") as sandbox:
        alone = await sandbox.post(record("REF1"))
        assert (alone.status_code, alone.json()) == (201, {"reference": "REF1", "status": "created"})
        among = await sandbox.post([record("REF2")])
        assert among.json() == {"vouchers": [{"reference": "REF2", "status": "created"}]}
        assert await sandbox.booked() == ["REF1", "REF2"]


async def test_wrong_json_is_a_whole_answer_that_cannot_be_read() -> None:
    async with rest_sandbox(faults="wrong_json=1") as sandbox:
        answer = await sandbox.post(record("REF1"))
        assert answer.status_code == 200
        with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
            answer.json()
        assert await sandbox.booked() == ["REF1"]


@pytest.mark.parametrize("idempotency", [True, False])
async def test_a_duplicate_is_booked_twice_and_answered_once(*, idempotency: bool) -> None:
    async with rest_sandbox(faults="duplicate=1") as sandbox:
        await sandbox.change("settings", {"idempotency": idempotency})
        answer = await sandbox.post(record("REF1"), **{"Idempotency-Key": "K1"})
        assert answer.json()["id"] == "100001"
        assert await sandbox.booked() == ["REF1", "REF1"]
        assert (await sandbox.stats())["doubles"] == 1


async def test_lookups_have_faults_too_and_the_rest_has_none() -> None:
    async with rest_sandbox(faults="error503=1") as sandbox:
        assert (await sandbox.get("vouchers", reference="REF1")).status_code == 503
        assert (await sandbox.get("accounts")).status_code == 200
        assert (await sandbox.get("me")).status_code == 200


async def test_every_fault_can_be_asked_for_and_leaves_the_sandbox_working() -> None:
    async with rest_sandbox() as sandbox:
        for fault in Fault:
            spec = f"{fault}=1,slow_seconds=0,late_seconds=0,late_commit_seconds=0"
            await sandbox.change("faults", {"spec": spec})
            await raw_answer(sandbox)
        await sandbox.change("faults", {"spec": ""})
        assert (await sandbox.post(record("REF2"))).status_code == 201
        assert (await sandbox.stats())["faults"] == dict.fromkeys(Fault, 1)
