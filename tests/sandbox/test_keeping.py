"""A sandbox that keeps its ledger: what the next start has, however the last one ended."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import pytest

from integration_admin.core.errors import ConfigurationError
from integration_admin.sandbox.journal import Journal
from integration_admin.sandbox.servers import running
from integration_admin.sandbox.xledger.app import create_app
from tests.fakes import FakeClock
from tests.sandbox.xledger import XledgerSandbox, client_of, voucher

EVERYTHING = """query { journalEntries(ownerSet: ALL) { edges { node {
    dbId ownerDbId extIdentifier trRegNumber postedDate amount invoiceAmount text invoiceNumber invoiceDate
    dueDate createdAt account { dbId code } currency { code } taxRule { code } project { code }
    subledger { code } transactionHeader { transactionNumber transactionSource { code } }
    glObject1 { code } glObject2 { code } glObject3 { code } } } }
  glImportItems(ownerSet: ALL) { edges { node { dbId extIdentifier amount createdAt } } }
  glImportItemErrors(ownerSet: ALL) { edges { node { dbId transactionDbId message createdAt } } } }"""

RICH = {
    "taxRule": {"code": "22"},
    "glObject1": {"code": "210"},
    "glObject3": {"code": "KURS"},
    "project": {"code": "P-12"},
    "invoiceNumber": "F-7",
    "invoiceDate": "2026-11-01",
    "text": 'Løype\u2028og "brev"\r\n',
}


@asynccontextmanager
async def _process(port: int, folder: Path, end: signal.Signals) -> AsyncIterator[XledgerSandbox]:
    """Serve a sandbox with the command a person would type, and end it with a signal."""
    words = ["sandbox", "--port-base", str(port), "--no-limits", "--keep", str(folder)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "integration_admin.cli", *words, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        found = json.loads(await process.stdout.readline())
        async with client_of(found["xledger"]["url"]) as sandbox:
            yield sandbox
            process.send_signal(end)
            async with asyncio.timeout(20):
                assert await process.wait() == (0 if end is signal.SIGTERM else -end)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def _kept(folder: Path) -> AsyncIterator[XledgerSandbox]:
    """Serve a sandbox in this process whose clock stands still."""
    with Journal(folder / "xledger.jsonl") as journal:
        app = create_app(limits=False, clock=FakeClock(), journal=journal)
        async with running(app) as url, client_of(url) as sandbox:
            yield sandbox


async def _all(sandbox: XledgerSandbox) -> tuple[Any, Any]:
    return await sandbox.data(EVERYTHING), await sandbox.ledger()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_a_stopped_and_a_killed_sandbox_have_the_same_ledger_again(
    tmp_path: Path, ports: int, end: signal.Signals
) -> None:
    folder = tmp_path / "new" / "folder"
    async with _process(ports, folder, end) as sandbox:
        await sandbox.book(voucher("REF1", 1001, **RICH), voucher("REF2", 1002))
        await sandbox.book(voucher("REF1", 1001))
        before = await _all(sandbox)
    async with _process(ports, folder, end) as sandbox:
        assert await _all(sandbox) == before
        stats = await sandbox.stats()
        assert (stats["vouchers"], stats["lines"], stats["doubles"]) == (3, 6, 1)


async def test_a_sandbox_killed_in_the_middle_of_sending_has_every_voucher_it_answered(
    tmp_path: Path, ports: int
) -> None:
    answered: list[str] = []
    enough = asyncio.Event()

    async def send_until_cut_off(url: str) -> None:
        with suppress(httpx2.TransportError):
            async with client_of(url) as sandbox:
                await send_all(sandbox)

    async def send_all(sandbox: XledgerSandbox) -> None:
        for number in count():
            await sandbox.book(voucher(f"REF{number}", number))
            answered.append(f"REF{number}")
            if number == 50:
                enough.set()

    async with _process(ports, tmp_path, signal.SIGKILL) as sandbox:
        sending = asyncio.create_task(send_until_cut_off(sandbox.url))
        await enough.wait()
    await sending
    async with _process(ports, tmp_path, signal.SIGTERM) as sandbox:
        kept = [entry["reference"] for entry in await sandbox.ledger()]
    # The one that was on its way may have been accepted without anybody hearing of it.
    assert kept[: len(answered)] == answered
    assert kept[len(answered) :] in ([], [f"REF{len(answered)}"])


async def test_numbers_continue_after_a_start(tmp_path: Path) -> None:
    async with _kept(tmp_path) as sandbox:
        first = await sandbox.book(voucher("REF1", 1001))
        entries = (await sandbox.data(EVERYTHING))["journalEntries"]["edges"]
    async with _kept(tmp_path) as sandbox:
        second = await sandbox.book(voucher("REF2", 1002))
        all_entries = (await sandbox.data(EVERYTHING))["journalEntries"]["edges"]
        assert [entry["transaction_number"] for entry in await sandbox.ledger()] == [1, 2]
    staged = [int(edge["node"]["dbId"]) for edge in first + second]
    assert staged == list(range(staged[0], staged[0] + 4))
    assert all_entries[:2] == entries
    booked = [int(edge["node"]["dbId"]) for edge in all_entries]
    assert booked == list(range(booked[0], booked[0] + 4))


async def test_what_waits_and_what_was_refused_comes_back(tmp_path: Path) -> None:
    async with _kept(tmp_path) as sandbox:
        await sandbox.change("behaviour", {"closed_period": "stage"})
        await sandbox.change("periods/2026-03", {"open": False})
        await sandbox.book(voucher("REF1", 1001, postedDate="2026-03-05"))
        await sandbox.book(voucher("BRANCH", 1002, glObject2={"code": "310"}), by="branch")
        before = await _all(sandbox)
        assert len(before[0]["glImportItemErrors"]["edges"]) == 1
        await sandbox.change("behaviour", {"processing_delay": 60})
        await sandbox.book(voucher("REF3", 1003))
    async with _kept(tmp_path) as sandbox:
        await sandbox.change("behaviour", {"processing_delay": 60})
        stats = await sandbox.stats()
        assert (stats["vouchers"], stats["staged"], stats["rejected_lines"]) == (1, 1, 1)
        after = await _all(sandbox)
        assert after[0]["glImportItemErrors"] == before[0]["glImportItemErrors"]
        assert after[1] == before[1]
        await sandbox.change("behaviour", {"processing_delay": 0})
        assert [entry["reference"] for entry in await sandbox.ledger()] == ["BRANCH", "REF3"]


async def test_a_torn_last_line_is_ignored_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    async with _kept(tmp_path) as sandbox:
        await sandbox.book(voucher("REF1", 1001))
        before = await _all(sandbox)
    path = tmp_path / "xledger.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + whole.splitlines()[0][:40])
    async with _kept(tmp_path) as sandbox:
        assert await _all(sandbox) == before
        await sandbox.book(voucher("REF2", 1002))
        await sandbox.ledger()
    async with _kept(tmp_path) as sandbox:
        assert [entry["reference"] for entry in await sandbox.ledger()] == ["REF1", "REF2"]


async def test_a_voucher_whose_booking_was_torn_off_is_booked_once(tmp_path: Path) -> None:
    async with _kept(tmp_path) as sandbox:
        await sandbox.book(voucher("REF1", 1001))
        before = await _all(sandbox)
    path = tmp_path / "xledger.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    async with _kept(tmp_path) as sandbox:
        assert await _all(sandbox) == before


async def test_a_refused_mutation_is_not_kept(tmp_path: Path) -> None:
    async with _kept(tmp_path) as sandbox:
        await sandbox.errors(voucher("REF1", 1001), voucher("REF2", 1002, account={"code": "0000"}))
    assert (tmp_path / "xledger.jsonl").read_bytes() == b""


async def test_a_reset_forgets_what_was_kept(tmp_path: Path) -> None:
    async with _kept(tmp_path) as sandbox:
        await sandbox.book(voucher("REF1", 1001))
        await sandbox.change("reset")
        await sandbox.book(voucher("REF2", 1002))
        before = await _all(sandbox)
    async with _kept(tmp_path) as sandbox:
        assert await _all(sandbox) == before
        assert [entry["transaction_number"] for entry in before[1]] == [1]


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        '{"event":"decided","stamp":"2026-11-21T13:00:00"}',
        '{"event":"staged","vouchers":[{"owner":1,"number":1,"stamp":"2026-11-21T13:00:00","lines":[]}]}',
    ],
)
def test_a_damaged_line_is_told_with_its_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "xledger.jsonl"
    path.write_text(line + "\n")
    with Journal(path) as journal, pytest.raises(ConfigurationError, match=r"Line 1 of .* is damaged"):
        create_app(journal=journal)


def test_a_folder_in_use_is_told(tmp_path: Path) -> None:
    path = tmp_path / "xledger.jsonl"
    with Journal(path), pytest.raises(ConfigurationError, match="in use"):
        Journal(path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        Journal(tmp_path / "file" / "xledger.jsonl")
