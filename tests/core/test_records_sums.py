"""The lines of a claim and what they add up to."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from integration_admin.core.money import Money
from integration_admin.core.records import parse_record

CLAIM = json.loads((Path(__file__).parent / "records.json").read_text())[0]


def refusal(raw: object) -> str:
    """Return why a record is refused; whatever else comes of it fails the test."""
    with pytest.raises(ValidationError) as refused:
        parse_record(raw)
    return str(refused.value)


def with_lines(*amounts: str, **more: object) -> dict[str, Any]:
    lines = [
        {**CLAIM["lines"][0], "line": number, "amount": amount} for number, amount in enumerate(amounts, 1)
    ]
    return {**CLAIM, "lines": lines, **more}


@pytest.mark.parametrize("total", ["30.60", "30.6", "030.60"])
def test_a_total_that_is_the_sum_of_the_lines_is_accepted(total: str) -> None:
    assert parse_record(with_lines("10.10", "20.70", "-0.20", total=total)).amount() == Money("NOK", 3060)


@pytest.mark.parametrize("total", ["30.61", "30", "-30.60", "0"])
def test_a_total_that_is_not_the_sum_is_refused(total: str) -> None:
    assert "do not add up" in refusal(with_lines("10.10", "20.50", total=total))


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=60))
def test_the_amount_is_the_exact_sum_of_any_lines(amounts: list[int]) -> None:
    claim = parse_record(with_lines(*(Money("NOK", amount).decimal() for amount in amounts)))
    assert claim.amount() == Money("NOK", sum(amounts))


def test_a_claim_has_from_1_to_400_lines() -> None:
    assert len(parse_record(with_lines(*["1.00"] * 400)).lines) == 400
    for count in (0, 401):
        assert "lines" in refusal(with_lines(*["1.00"] * count))


def test_two_lines_with_the_same_number_are_refused() -> None:
    raw = with_lines("1.00", "2.00")
    raw["lines"][1]["line"] = 1
    assert "two lines have the same number" in refusal(raw)


def test_lines_of_another_currency_keep_its_decimals() -> None:
    assert parse_record(with_lines("412", "8", currency="JPY")).amount() == Money("JPY", 420)
    assert "more decimals" in refusal(with_lines("412.50", currency="JPY"))
