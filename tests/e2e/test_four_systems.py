"""Each accounting system set up by the wizard in a real browser: claims and reimbursements are booked once, with dimensions."""

import re
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from integration_admin.bootstrap import Application
from integration_admin.sandbox import rest
from tests.builders import make_claim, make_line, make_reimbursement
from tests.e2e import road, world
from tests.e2e.road import Device
from tests.e2e.server import Server
from tests.e2e.systems import PAYMENT_ACCOUNT, SYSTEMS, Simulated, running_system
from tests.e2e.words import Language, exported, said
from tests.e2e.world import ACCOUNTS, CREDIT_ACCOUNT

SAVE = "Save and continue to the schedule"
MUST_BE_MAPPED = "“{field}” must be mapped; the accounting system demands it."
CLAIMS = 4
PAYMENTS = 2
AMOUNTS = dict(zip(ACCOUNTS, ("412.00", "99.50", "1250.25"), strict=True))
_SEEDS = count(5000)
_REACHES_TO_ITS_END = """(fold) => {
  const end = (part) => part.getBoundingClientRect().bottom;
  return end(fold.querySelector("[type=submit]")) <= end(fold);
}"""
_SYSTEMS = {system.kind: system for system in SYSTEMS}

Line = tuple[str, str, str, str]
"""Account, amount, cost centre, project; empty where there is none."""


@pytest_asyncio.fixture(loop_scope="session")
async def simulated(request: pytest.FixtureRequest) -> AsyncIterator[Simulated]:
    """The accounting system the test names, with empty books."""
    async with running_system(_SYSTEMS[request.param], next(_SEEDS)) as started:
        yield started


@pytest.mark.parametrize(
    ("simulated", "device", "language"),
    [
        ("xledger", "desktop", "en"),
        ("dynamics_bc", "desktop", "nn"),
        ("dynamics_fo", "desktop", "nb"),
        ("generic_rest", "desktop", "nn"),
        ("dynamics_bc", "phone", "nb"),
    ],
    indirect=["simulated"],
)
async def test_the_wizard_sets_it_up_and_claims_and_reimbursements_are_booked_once(
    browser: Browser,
    server: Server,
    office: Application,
    simulated: Simulated,
    device: Device,
    language: Language,
) -> None:
    person = await world.new_administrator(office)
    await world.receive(office, person, [*claims(), *reimbursements()])
    async with road.opened_page(browser, server, device) as page:
        await road.sign_in(page, person, language)
        await road.begin_wizard(page, simulated.system.label)
        await credentials_step(page, simulated)
        await mapping_step(page, simulated)
        await road.finish_wizard(page, simulated.system.label)
        assert exported(page, CLAIMS + PAYMENTS) in await what_an_export_did(page)
        # Nothing is booked again, and nothing was left behind.
        await road.export(page)
        await expect(road.told(page, "Records exported")).to_have_text(str(CLAIMS + PAYMENTS))
        await expect(road.told(page, "Waiting to be exported")).to_have_text("0")
    assert_booked_once(await simulated.ledger())


async def test_a_descriptions_file_is_read_in_the_browser_and_fills_in_the_form(
    browser: Browser, server: Server, office: Application, tmp_path: Path
) -> None:
    description = tmp_path / "openapi.json"
    too_large = tmp_path / "large.json"
    too_large.write_bytes(b" " * (5 * 1024 * 1024 + 1))
    description.write_bytes(Path(rest.__file__).with_name("openapi.json").read_bytes() + b" " * 1_000_000)
    person = await world.new_administrator(office)
    async with road.opened_page(browser, server, "phone") as page:
        await road.sign_in(page, person)
        await road.begin_wizard(page, _SYSTEMS["generic_rest"].label)
        await page.locator("main details > summary").first.click()
        assert await page.locator("main details[open]").first.evaluate(_REACHES_TO_ITS_END)
        field, news = page.locator("#description_file"), page.locator("#description_file-news")
        await expect(news).to_have_text("", use_inner_text=True)
        await field.set_input_files(too_large)
        await expect(news).to_contain_text("too large", use_inner_text=True)
        await field.set_input_files(description)
        await expect(news).to_contain_text("The file is ready", use_inner_text=True)
        await road.press(page, "Read the description")
        await expect(page.locator("main")).to_contain_text("is filled in for POST /api/journals")
        await expect(page.locator("#send_path")).to_have_value("/api/journals")


async def credentials_step(page: Page, simulated: Simulated) -> None:
    """Make the system's usual mistake, read what it says, and put it right."""
    system = simulated.system
    onward = page.get_by_role("link", name=said(page, "Continue to field mapping"))
    await road.fill_in(page, {**simulated.credentials, **system.mistake})
    await expect(await road.try_connection(page)).to_contain_text(said(page, system.told, **system.mistake))
    await expect(onward).to_have_count(0)
    if system.listed:
        await choose_from_what_was_found(page, system.listed)
    else:
        await road.fill_in(page, {name: simulated.credentials[name] for name in system.mistake})
    await expect(await road.try_connection(page)).to_contain_text(said(page, "Connected to {entity}."))
    await expect(page.locator("#report")).to_contain_text(system.entity)
    await onward.click()


async def choose_from_what_was_found(page: Page, listed: Mapping[str, str]) -> None:
    """Choose by the keyboard, from lists that have taken the focus and say what they want."""
    for name, words in listed.items():
        field = page.locator(f'main select[name="{name}"]')
        await expect(field).to_be_focused()
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(page.locator(f"#{name}-error")).to_have_text(said(page, "Choose one of the options."))
        await expect(field).to_have_value("")
        await page.keyboard.type(words.split()[0])
        await expect(field.locator("option:checked")).to_have_text(words)


async def mapping_step(page: Page, simulated: Simulated) -> None:
    """Leave out who is owed the money, then choose accounts and dimensions; the lists come from the system."""
    await road.expect_step(page, 3)
    await expect(road.account_of(page, "meals")).to_have_value(ACCOUNTS["meals"])
    await road.press(page, SAVE)
    await road.follow(page, said(page, MUST_BE_MAPPED, field=said(page, "Account for what is owed")))
    await expect(page.locator(":focus")).to_have_attribute(
        "name", re.compile("^(from|value):credit_account$")
    )
    for category, code in ACCOUNTS.items():
        await road.account_of(page, category).fill(code)
    more = page.locator("main form details > summary")
    if await more.count():
        await more.click()
    await road.fill_in(page, simulated.system.choices)


async def what_an_export_did(page: Page) -> str:
    """Start an export and return the sentence about what it did."""
    await road.export(page)
    return await road.told(page, "What it did").inner_text()


def claims() -> list[dict[str, Any]]:
    """Build approved claims with one to three lines, each line with a cost centre and a project."""
    lines = [
        make_line(place, category=category, amount=amount, cost_centre="210", project="P-12")
        for place, (category, amount) in enumerate(AMOUNTS.items(), start=1)
    ]
    return [
        make_claim(id=f"EC-{number:03}", lines=lines[: 1 + number % len(lines)]) for number in range(CLAIMS)
    ]


def reimbursements() -> list[dict[str, Any]]:
    """Build the payments of the first claims."""
    return [
        make_reimbursement(
            id=f"RB-{number:03}",
            claim_id=claim["id"],
            amount=str(sum(Decimal(line["amount"]) for line in claim["lines"])),
            reference=f"20261108-{number:04}",
        )
        for number, claim in enumerate(claims()[:PAYMENTS])
    ]


def assert_booked_once(ledger: list[dict[str, Any]]) -> None:
    """Each record is one balanced voucher with a reference of its own, on the mapped accounts and dimensions."""
    assert sorted(map(postings, ledger)) == sorted(
        [*map(of_claim, claims()), *map(of_payment, reimbursements())]
    )
    assert len({voucher["reference"] for voucher in ledger}) == CLAIMS + PAYMENTS
    assert all(voucher["balanced"] and voucher["count"] == 1 for voucher in ledger)


def postings(voucher: dict[str, Any]) -> list[Line]:
    return sorted(
        (line["account"], f"{Decimal(line['amount']):.2f}", line["cost_centre"] or "", line["project"] or "")
        for line in voucher["lines"]
    )


def of_claim(claim: dict[str, Any]) -> list[Line]:
    costs = [(ACCOUNTS[line["category"]], line["amount"], "210", "P-12") for line in claim["lines"]]
    owed = sum(Decimal(line["amount"]) for line in claim["lines"])
    return sorted([*costs, (CREDIT_ACCOUNT, f"{-owed}", "", "")])


def of_payment(payment: dict[str, Any]) -> list[Line]:
    return sorted(
        [
            (CREDIT_ACCOUNT, payment["amount"], "", ""),
            (PAYMENT_ACCOUNT, f"-{payment['amount']}", "", ""),
        ]
    )
