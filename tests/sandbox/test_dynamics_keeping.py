"""A simulated Dynamics that keeps its books: what the next start has."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from integration_admin.core.errors import ConfigurationError
from integration_admin.sandbox.dynamics.app import create_app
from integration_admin.sandbox.journal import Journal
from tests.fakes import FakeClock
from tests.sandbox.dynamics import DynamicsSandbox, dynamics_sandbox, line, posting


@asynccontextmanager
async def kept(folder: Path) -> AsyncIterator[DynamicsSandbox]:
    with Journal(folder / "dynamics.jsonl") as journal:
        async with dynamics_sandbox(journal=journal) as sandbox:
            yield sandbox


async def everything(sandbox: DynamicsSandbox) -> list[Any]:
    paths = ("journals", "generalLedgerEntries?$expand=dimensionSetLines", "purchaseInvoices", "attachments")
    lists = [(await sandbox.get(path))["value"] for path in paths]
    lines = [(await sandbox.get(f"journals({journal['id']})/journalLines"))["value"] for journal in lists[0]]
    content = [
        (await sandbox.call("GET", f"attachments({found['id']})/attachmentContent")).content
        for found in lists[3]
    ]
    for found in lists[3]:
        # The addresses hold the port, which is another one after a start.
        found.pop("attachmentContent@odata.mediaEditLink")
        found.pop("attachmentContent@odata.mediaReadLink")
    return [lists, lines, content, await sandbox.ledger()]


async def test_a_start_has_what_was_staged_posted_invoiced_and_attached(tmp_path: Path) -> None:
    async with kept(tmp_path) as sandbox:
        journal = await sandbox.journal()
        await sandbox.make(f"journals({journal})/journalLines", line("REF1", accountNumber="6900"))
        await sandbox.call("POST", f"journals({journal})/Microsoft.NAV.post")
        made = await sandbox.make(
            f"journals({journal})/journalLines", line("REF2", description='"Løype"\u2028')
        )
        body = {"parentId": made["id"], "fileName": "a.pdf", "parentType": "Journal"}
        attached = await sandbox.make("attachments", body)
        path = f"attachments({attached['id']})/attachmentContent"
        await sandbox.call("PATCH", path, b"\x00\xff", If_Match="*", Content_Type="application/pdf")
        lines = [{"lineType": "Account", "lineObjectNumber": "7140", "unitCost": 9.99, "quantity": 1}]
        invoice = {"vendorNumber": "V-118", "vendorInvoiceNumber": "REF3", "purchaseInvoiceLines": lines}
        await sandbox.make("purchaseInvoices", invoice)
        before = await everything(sandbox)
    async with kept(tmp_path) as sandbox:
        assert await everything(sandbox) == before
        assert [entry["reference"] for entry in before[3]] == ["REF1", "REF2", "REF3"]
        refused = await sandbox.refused("POST", f"journals({journal})/journalLines", line("REF4"))
        assert refused[1] == "Internal_EntityWithSameKeyExists"
        again = await sandbox.make(f"journals({journal})/journalLines", line("REF4", 50_000))
        assert again["id"] != made["id"]


async def test_what_was_taken_back_or_refused_is_not_kept(tmp_path: Path) -> None:
    async with kept(tmp_path) as sandbox:
        path = f"companies({await sandbox.here()})/journals({await sandbox.journal()})/journalLines"
        requests = [posting(path, line("REF1"), "1"), posting(path, line("REF2", accountNumber="0000"), "2")]
        await sandbox.batch(*requests, Isolation="snapshot")
    size = (tmp_path / "dynamics.jsonl").read_bytes()
    assert len(size.splitlines()) == 1
    async with kept(tmp_path) as sandbox:
        assert await sandbox.ledger() == []


async def test_a_transaction_comes_back_whole_or_not_at_all(tmp_path: Path) -> None:
    async with kept(tmp_path) as sandbox:
        path = f"companies({await sandbox.here()})/journals({await sandbox.journal()})/journalLines"
        requests = [posting(path, line(f"REF{n}", n * 10_000), str(n)) for n in (1, 2)]
        await sandbox.batch(*requests, Isolation="snapshot")
    file = tmp_path / "dynamics.jsonl"
    file.write_bytes(file.read_bytes()[:-40])
    async with kept(tmp_path) as sandbox:
        assert await sandbox.ledger() == []
        assert len((await sandbox.get("journals"))["value"]) == 3


async def test_both_systems_share_one_file(tmp_path: Path) -> None:
    async with kept(tmp_path) as sandbox:
        journal = await sandbox.journal()
        await sandbox.make(f"journals({journal})/journalLines", line("REF1"))
        answer = await sandbox.sign_in(scope=f"{sandbox.url}/.default")
        headers = {
            "Authorization": f"Bearer {answer.json()['access_token']}",
            "Content-Type": "application/json",
        }
        body = {"dataAreaId": sandbox.found["finance_company"].lower(), "JournalName": "GenJrn"}
        opened = await sandbox.http.post(
            f"{sandbox.url}/data/LedgerJournalHeaders", json=body, headers=headers
        )
        assert opened.status_code == 201, opened.text
    marks = {bytes(entry[:18]) for entry in (tmp_path / "dynamics.jsonl").read_bytes().splitlines()}
    assert b"finance_operations" in marks
    async with kept(tmp_path) as sandbox:
        assert await sandbox.booked() == ["REF1"]
        assert (await sandbox.stats())["finance_operations"]["journals"] == 1
        await sandbox.change("reset")
    assert (tmp_path / "dynamics.jsonl").read_bytes() == b""


@pytest.mark.parametrize(
    "damage",
    [
        "nonsense",
        '{"rows": [["pets", 1, []]]}',
        '{"version": 1, "rows": [["lines", 1, [1, 2]]]}',
        "finance_operations {",
    ],
)
def test_a_damaged_line_is_told_with_its_number(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "dynamics.jsonl"
    path.write_text(damage + "\n")
    with Journal(path) as journal, pytest.raises(ConfigurationError, match=r"Line 1 of .* is damaged"):
        create_app(journal=journal, clock=FakeClock())
