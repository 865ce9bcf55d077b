"""Posting journals in the simulated Business Central: all of one or nothing, and what the ledger shows then."""

from typing import Any

import pytest

from tests.sandbox.dynamics import DynamicsSandbox, entries_of, line, posting, staged

ALONE = {"balanceAccountType": None, "balancingAccountNumber": None}


async def test_posting_takes_the_whole_journal_whoever_wrote_it(dynamics: DynamicsSandbox) -> None:
    journal = await staged(dynamics, line("REF1"), line("ORPHAN", 20_000, amount=100))
    assert [entry["posted"] for entry in await dynamics.ledger()] == [False, False]
    answer = await dynamics.call("POST", f"{journal}/Microsoft.NAV.post")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await dynamics.get(f"{journal}/journalLines"))["value"] == []
    assert await entries_of(dynamics, "REF1") == [("7140", 412, 0), ("2910", 0, 412)]
    assert await entries_of(dynamics, "ORPHAN") == [("7140", 100, 0), ("2910", 0, 100)]
    ledger = await dynamics.ledger()
    assert [(entry["reference"], entry["amount"], entry["posted"]) for entry in ledger] == [
        ("REF1", "412.00", True),
        ("ORPHAN", "100.00", True),
    ]


@pytest.mark.parametrize("action", ["Microsoft.NAV.post", "microsoft.nav.POST"])
async def test_the_letters_case_of_the_action_does_not_matter(dynamics: DynamicsSandbox, action: str) -> None:
    journal = await staged(dynamics, line())
    assert (await dynamics.call("POST", f"{journal}/{action}")).status_code == 204


async def test_an_empty_journal_cannot_be_posted(dynamics: DynamicsSandbox) -> None:
    journal = await staged(dynamics)
    refused = await dynamics.refused("POST", f"{journal}/Microsoft.NAV.post")
    assert refused == (400, "Application_DialogException", "There is nothing to post.")


async def test_lines_without_a_balancing_account_must_come_to_nothing_together(
    dynamics: DynamicsSandbox,
) -> None:
    credit = line("REF1", 30_000, accountType="Vendor", accountNumber="V-118", amount=-412, **ALONE)
    journal = await staged(
        dynamics,
        line("REF1", 10_000, amount=400, **ALONE),
        line("REF1", 20_000, amount=12, **ALONE),
        line("REF2", 40_000),
    )
    status, _, words = await dynamics.refused("POST", f"{journal}/Microsoft.NAV.post")
    assert status == 400
    assert "REF1 is out of balance by 412" in words
    assert len((await dynamics.get(f"{journal}/journalLines"))["value"]) == 3
    assert [entry["balanced"] for entry in await dynamics.ledger()] == [False, True]
    await dynamics.make(f"{journal}/journalLines", credit)
    assert (await dynamics.call("POST", f"{journal}/Microsoft.NAV.post")).status_code == 204
    assert await entries_of(dynamics, "REF1") == [("7140", 400, 0), ("7140", 12, 0), ("2400", 0, 412)]
    [entry] = await dynamics.ledger("REF1")
    assert (entry["amount"], entry["balanced"], entry["lines"][2]["party"]) == ("412.00", True, "V-118")


@pytest.mark.parametrize(
    ("change", "body", "words"),
    [
        ("accounts/7140", {"blocked": True}, "Blocked must be equal to 'No' in G/L Account: No.=7140"),
        ("posting-dates", {"first": "2026-12-01"}, "Posting Date is not within your range"),
        ("posting-dates", {"last": "2026-10-31"}, "Posting Date is not within your range"),
        ("dimensions/PROSJEKT/P-12", {"blocked": True}, "Dimension Value PROSJEKT - P-12 is blocked."),
    ],
)
async def test_what_was_closed_after_the_line_was_written_stops_the_whole_posting(
    dynamics: DynamicsSandbox, change: str, body: dict[str, Any], words: str
) -> None:
    journal = await staged(dynamics, line("REF1", accountNumber="6800"), line("REF2", 20_000))
    found = (await dynamics.get(f"{journal}/journalLines"))["value"][1]["id"]
    dimension = {"code": "PROSJEKT", "valueCode": "P-12"}
    await dynamics.make(f"{journal}/journalLines({found})/dimensionSetLines", dimension)
    await dynamics.change(change, body)
    refused = await dynamics.refused("POST", f"{journal}/Microsoft.NAV.post")
    assert refused[2].startswith(words)
    assert [entry["posted"] for entry in await dynamics.ledger()] == [False, False]


async def test_the_posting_dates_are_told(dynamics: DynamicsSandbox) -> None:
    await dynamics.change("posting-dates", {"first": "2026-11-01"})
    [setup] = (await dynamics.get("generalLedgerSetup"))["value"]
    assert (setup["allowPostingFrom"], setup["allowPostingTo"]) == ("2026-11-01", "0001-01-01")
    assert setup["localCurrencyCode"] == "NOK"


async def test_ledger_entries_have_dimensions_and_no_external_document_number(
    dynamics: DynamicsSandbox,
) -> None:
    journal = await staged(dynamics, line("REF1", accountNumber="6900"))
    await dynamics.call("POST", f"{journal}/Microsoft.NAV.post")
    [entry, _] = (await dynamics.get("generalLedgerEntries?$expand=dimensionSetLines"))["value"]
    assert "externalDocumentNumber" not in entry
    assert entry["dimensionSetLines"][0]["valueCode"] == "100"
    refused = await dynamics.refused("GET", "generalLedgerEntries?$filter=externalDocumentNumber eq 'REF1'")
    assert refused[:2] == (400, "BadRequest")


@pytest.mark.parametrize(
    ("lines", "amount"),
    [
        ([("G/L Account", "7140", 412), ("G/L Account", "6800", -12), ("Vendor", "V-118", -400)], "400.00"),
        ([("G/L Account", "7140", -412), ("Employee", "V-118", 412)], "-412.00"),
        ([("Employee", "V-118", 412), ("G/L Account", "1920", -412)], "412.00"),
        ([("G/L Account", "7140", 412), ("G/L Account", "2910", -412)], "412.00"),
    ],
)
async def test_a_voucher_comes_to_what_somebody_is_owed_by_it_or_paid(
    dynamics: DynamicsSandbox, lines: list[tuple[str, str, int]], amount: str
) -> None:
    bodies = [
        line("REF1", 10_000 * (place + 1), accountType=kind, accountNumber=account, amount=value, **ALONE)
        for place, (kind, account, value) in enumerate(lines)
    ]
    journal = await staged(dynamics, *bodies)
    for posted in (False, True):
        [entry] = await dynamics.ledger()
        assert (entry["amount"], entry["balanced"], entry["posted"]) == (amount, True, posted)
        await dynamics.call("POST", f"{journal}/Microsoft.NAV.post")


async def test_lines_that_could_not_be_posted_are_shown_all_the_same(dynamics: DynamicsSandbox) -> None:
    unfinished = {"postingDate": None, "documentNumber": "EMPTY"}
    owed = line("REF1", balanceAccountType="Vendor")
    await staged(dynamics, owed, unfinished)
    await dynamics.change("vendors/V-118", {"blocked": True})
    assert await dynamics.booked() == ["REF1", "EMPTY"]
    assert (await dynamics.http.get(dynamics.url)).status_code == 200


async def test_the_same_line_can_be_written_again_once_the_first_is_posted(dynamics: DynamicsSandbox) -> None:
    journal = await staged(dynamics, line())
    await dynamics.call("POST", f"{journal}/Microsoft.NAV.post")
    await dynamics.make(f"{journal}/journalLines", line())
    assert [entry["count"] for entry in await dynamics.ledger("REF1")] == [2, 2]
    assert (await dynamics.stats())["doubles"] == 1


async def test_a_journal_posted_within_a_snapshot_is_taken_back_with_the_rest(
    dynamics: DynamicsSandbox,
) -> None:
    journal = await staged(dynamics, line())
    whole = f"companies({await dynamics.here()})/{journal}"
    post = {"id": "1", "method": "POST", "url": f"{whole}/Microsoft.NAV.post"}
    bad = posting(f"{whole}/journalLines", line(accountNumber="0000"), "2")
    answers = await dynamics.batch(post, bad, Isolation="snapshot")
    assert [answer["status"] for answer in answers] == [204, 400]
    assert [entry["posted"] for entry in await dynamics.ledger()] == [False]
