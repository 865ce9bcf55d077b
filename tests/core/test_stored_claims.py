"""A claim read back from the database is the claim that was received."""

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins

from integration_admin.core.errors import InvalidInput
from integration_admin.core.records import ExpenseClaim
from integration_admin.core.stored_claims import stored_claim
from tests.builders import make_claim, make_line

SHORT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
NAMES = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20)
DAYS = st.dates(date(2000, 1, 1), date(2000, 1, 1) + timedelta(days=20_000)).map(date.isoformat)
CODES = st.none() | SHORT
AMOUNTS = st.decimals(-(10**9), 10**9, places=2).map(lambda amount: f"{amount:f}")
LINES = st.fixed_dictionaries(
    {"date": DAYS, "category": NAMES, "amount": AMOUNTS},
    optional={
        "description": SHORT,
        "vat_code": st.none() | st.text("0123456789", max_size=3),
        "cost_centre": CODES,
        "project": CODES,
        "kilometres": st.none() | st.sampled_from(["3", "12.5", "0.125"]),
    },
)


@st.composite
def claims(draw: st.DrawFn) -> dict[str, Any]:
    """Draw record JSON of valid claims, with every optional part there or not."""
    drawn = draw(st.lists(LINES, min_size=1, max_size=5))
    lines = [line | {"line": number} for number, line in enumerate(drawn, start=1)]
    claim: dict[str, Any] = {
        "kind": "expense_claim",
        "id": draw(NAMES),
        "revision": draw(st.integers(1, 2**31 - 1)),
        "status": draw(st.sampled_from(["approved", "paid"])),
        "approved_on": draw(DAYS),
        "currency": draw(st.sampled_from(["NOK", "SEK", "EUR"])),
        "claimant": {"id": draw(NAMES), "name": draw(SHORT)},
        "lines": lines,
    }
    optional = st.fixed_dictionaries(
        {},
        optional={
            "submitted_on": st.none() | DAYS,
            "department": CODES,
            "project": CODES,
            "purpose": SHORT,
            "total": st.just(str(sum(Decimal(line["amount"]) for line in lines))),
        },
    )
    return claim | draw(optional)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(claims())
def test_a_stored_claim_is_the_claim_that_was_judged(raw: dict[str, Any]) -> None:
    judged = ExpenseClaim.model_validate(raw)
    stored = stored_claim(json.dumps(raw))
    assert to_builtins(stored) == judged.model_dump(mode="json")
    assert stored_claim(judged.model_dump_json()) == stored


def test_what_a_mapping_reads_of_a_claim_is_there() -> None:
    claim = stored_claim(json.dumps(make_claim(id="EC-1", lines=[make_line(amount="-12.50")])))
    assert (claim.id, claim.currency, claim.approved_on) == ("EC-1", "NOK", date(2026, 11, 5))
    assert (claim.claimant.email, claim.lines[0].amount) == ("kari@example.org", "-12.50")
    assert claim.lines[0].date == date(2026, 11, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "null",
        "[]",
        "{}",
        '{"kind": "nonsense"}',
        json.dumps(make_claim(kind="reimbursement")),
        json.dumps(make_claim(status="lost")),
        json.dumps(make_claim(lines="none")),
        json.dumps(make_claim(lines=[make_line(date="yesterday")])),
        json.dumps(make_claim(lines=[make_line(amount=412.5)])),
        json.dumps(make_claim(claimant=None)),
        json.dumps({key: value for key, value in make_claim().items() if key != "currency"}),
    ],
)
def test_anything_but_a_claim_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        stored_claim(text)
    assert "Kari" not in f"{refusal.value} {refusal.value.internal}", "what was stored is not told"
