"""A REST ledger that keeps what it booked: what the next start has."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from integration_admin.core.errors import ConfigurationError
from integration_admin.sandbox.journal import Journal
from integration_admin.sandbox.rest.app import create_app
from tests.sandbox.rest import RESTSandbox, client_of, line, record, rest_sandbox


@asynccontextmanager
async def _killed(port: int, folder: Path) -> AsyncIterator[RESTSandbox]:
    """Serve the sandboxes with the command a person would type, and kill them in the end."""
    words = ["sandbox", "--port-base", str(port), "--keep", str(folder)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "integration_admin.cli", *words, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        found = json.loads(await process.stdout.readline())["generic_rest"]
        assert found["vouchers"] == f"http://127.0.0.1:{port + 2}/api/vouchers"
        async with client_of(found["url"]) as sandbox:
            yield sandbox
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


@asynccontextmanager
async def _kept(folder: Path, **options: Any) -> AsyncIterator[RESTSandbox]:
    with Journal(folder / "generic_rest.jsonl") as journal:
        async with rest_sandbox(journal=journal, **options) as sandbox:
            yield sandbox


async def test_a_killed_sandbox_has_the_same_ledger_again(tmp_path: Path, ports: int) -> None:
    async with _killed(ports, tmp_path) as sandbox:
        await sandbox.post([record("REF1", text='Løype\u2028og "brev"\r\n'), record("REF2"), record("REF1")])
        await sandbox.post(record("REF3", lines=[line(account="0000")]))
        before = await sandbox.ledger()
    async with _killed(ports, tmp_path) as sandbox:
        assert await sandbox.ledger() == before
        stats = await sandbox.stats()
        assert (stats["vouchers"], stats["doubles"], stats["sums"]) == (3, 1, {"NOK": 123_600})
        assert (await sandbox.post(record("REF4"))).json()["id"] == "100004"


async def test_a_reset_forgets_what_was_kept(tmp_path: Path) -> None:
    async with _kept(tmp_path) as sandbox:
        await sandbox.post(record("REF1"))
        await sandbox.change("reset")
        await sandbox.post(record("REF2"))
    async with _kept(tmp_path) as sandbox:
        assert await sandbox.booked() == ["REF2"]


@pytest.mark.parametrize("damage", [b"nonsense\n", b'{"reference":"REF9"}\n', b"[]\n"])
def test_a_damaged_line_is_named(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "generic_rest.jsonl"
    path.write_bytes(damage)
    with Journal(path) as journal, pytest.raises(ConfigurationError, match="Line 1"):
        create_app(journal=journal)
