"""The page about the accounting systems says what the code does, as far as a machine can tell."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from integration_admin.adapters.base import (
    AccountingAdapter,
    CredentialField,
    TargetField,
    Voucher,
    VoucherLine,
)
from integration_admin.adapters.catalog import adapters
from integration_admin.adapters.generic_rest import template_values
from integration_admin.adapters.generic_rest.vouchers import record
from integration_admin.adapters.outbound import OutboundClient
from integration_admin.core.money import Money
from integration_admin.core.records import EXPENSE_CLAIM, REIMBURSEMENT
from tests.fakes import FakeClock

ROOT = Path(__file__).resolve().parent.parent
SYSTEMS = adapters(OutboundClient(), FakeClock())
CERTAINTIES = {"documented by the vendor", "seen in other people's code", "our assumption"}
PARTS = [
    "What is sent",
    "Settings",
    "Fields",
    "Exactly once",
    "Limits and pace",
    "Not done",
    "What is verified, against what",
    "Verify on your own system",
]


def before_the_guide() -> str:
    return (ROOT / "docs" / "adapters.md").read_text().partition("## Adding a system\n")[0]


def sections() -> dict[str, str]:
    """Return kind -> its section; a kind stands in its heading."""
    pieces = re.split(r"^## .*\(`(\w+)`\)$", before_the_guide(), flags=re.MULTILINE)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def part(section: str, title: str) -> str:
    return section.partition(f"### {title}\n")[2].partition("\n### ")[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of a table's rows, its head and the line under it left out."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def quoted(text: str) -> list[str]:
    """Return what stands in backticks, blocks of code left out."""
    return [
        found.replace("\\|", "|")
        for found in re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    ]


def usual(field: CredentialField) -> str:
    if field.secret:
        return "secret"
    return f"`{field.default}`" if field.default else ""


def described(field: TargetField) -> list[str]:
    level = f"{field.level}, required" if field.required else str(field.level)
    return [f"`{field.name}`", level, f"`{field.reference}`" if field.reference else ""]


def test_every_kind_has_a_section_with_every_part() -> None:
    found = sections()
    assert list(found) == list(SYSTEMS)
    assert {
        kind: re.findall(r"^### (.*)$", text, re.MULTILINE) for kind, text in found.items()
    } == dict.fromkeys(SYSTEMS, PARTS)


def test_a_green_sandbox_is_called_no_proof_at_the_top() -> None:
    assert "A green sandbox is no proof" in before_the_guide()[:300]


@pytest.mark.parametrize("kind", SYSTEMS)
def test_every_setting_is_in_its_table_with_its_usual_value(kind: str) -> None:
    table = rows(part(sections()[kind], "Settings"))
    assert [[row[0], row[2]] for row in table] == [
        [f"`{field.name}`", usual(field)] for field in SYSTEMS[kind].credential_fields
    ]


@pytest.mark.parametrize("kind", SYSTEMS)
def test_every_choice_of_a_setting_is_named_beside_it(kind: str) -> None:
    table = {row[0]: quoted(row[1]) for row in rows(part(sections()[kind], "Settings"))}
    left_out = {
        f"{field.name} {choice.value}"
        for field in SYSTEMS[kind].credential_fields
        for choice in field.choices
        if choice.value not in table[f"`{field.name}`"]
    }
    assert left_out == set()


@pytest.mark.parametrize("kind", SYSTEMS)
def test_every_target_field_is_in_its_table_with_level_and_list(kind: str) -> None:
    table = rows(part(sections()[kind], "Fields"))
    assert [[row[0], row[2], row[3]] for row in table] == [
        described(field) for field in SYSTEMS[kind].target_fields
    ]


@pytest.mark.parametrize("kind", SYSTEMS)
def test_no_name_is_on_the_page_that_does_not_exist(kind: str) -> None:
    """Names of ours are in small letters and backticks; a vendor's own have capitals or signs in them."""
    system: AccountingAdapter = SYSTEMS[kind]
    known = {kind, *(field.name for field in (*system.credential_fields, *system.target_fields))}
    known |= {field.reference for field in system.target_fields if field.reference}
    known |= {choice.value for field in system.credential_fields for choice in field.choices}
    known |= {field.default for field in system.credential_fields}
    named = {name for name in quoted(sections()[kind]) if re.fullmatch(r"[a-z][a-z0-9_]*", name)}
    assert named - known == set()


@pytest.mark.parametrize("kind", SYSTEMS)
def test_every_fact_says_how_sure_it_is_and_an_assumed_one_may_lack_a_source(kind: str) -> None:
    facts = rows(part(sections()[kind], "What is verified, against what"))
    assert {sure for _, sure, _ in facts} <= CERTAINTIES
    assert [fact for fact, sure, source in facts if not source and sure != "our assumption"] == []
    assert "our assumption" in {sure for _, sure, _ in facts}


def test_the_limits_are_those_of_the_usual_settings() -> None:
    table = {row[0].strip("`"): row[1:] for row in rows(before_the_guide().partition("\n## ")[0])}
    assert table == {kind: limits(system) for kind, system in SYSTEMS.items()}


def limits(system: AccountingAdapter) -> list[str]:
    able = system.capabilities_of({})
    seconds = (able.send_seconds, able.processing_seconds, able.quiet_seconds)
    return [
        str(able.batch_size),
        "any" if able.batch_lines is None else str(able.batch_lines),
        str(able.in_flight),
        *(f"{value:.0f} s" for value in seconds),
        "yes" if able.follows_up else "no",
    ]


def test_the_names_of_an_own_form_are_all_there() -> None:
    section = sections()["generic_rest"]
    named = set(re.findall(r"`\{([a-z_]+)\}`", part(section, "What is sent")))
    assert named == template_values.LINE_NAMES | template_values.VOUCHER_NAMES


@pytest.mark.parametrize("kind", [EXPENSE_CLAIM, REIMBURSEMENT])
def test_the_vouchers_shown_are_the_ones_sent(kind: str) -> None:
    blocks = re.findall(r"```json\n(.*?)```", sections()["generic_rest"], re.DOTALL)
    shown = json.loads(blocks[[EXPENSE_CLAIM, REIMBURSEMENT].index(kind)])
    assert record(voucher(shown, kind)) == shown


def voucher(shown: dict[str, Any], kind: str) -> Voucher:
    """Return the voucher a shown object must come from; a payment's due date is not sent."""
    [line] = shown["lines"]
    fields = {"due_date": "2026-11-20", "document": shown["document"], "party": "V-118"}
    mapped = {name: line[name] for name in ("account", "text", "vat_code") if name in line}
    return Voucher(
        reference=shown["reference"],
        number=shown["number"],
        record_id=shown["text"],
        date=date.fromisoformat(shown["date"]),
        fields=fields | {"credit_account": shown["credit"]["account"]},
        lines=(
            VoucherLine(mapped | line.get("dimensions", {}), Money.parse(line["amount"], shown["currency"])),
        ),
        kind=kind,
    )
