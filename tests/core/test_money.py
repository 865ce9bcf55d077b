"""Amounts: whole minor units of a currency, read from and written as decimal strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_admin.core.errors import InvalidInput
from integration_admin.core.money import Money


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "written"),
    [
        ("412.00", "NOK", 41200, "412.00"),
        ("412", "NOK", 41200, "412.00"),
        ("412.5", "NOK", 41250, "412.50"),
        ("0.01", "NOK", 1, "0.01"),
        ("0", "NOK", 0, "0.00"),
        ("-0.00", "NOK", 0, "0.00"),
        ("-412.05", "NOK", -41205, "-412.05"),
        ("007.10", "NOK", 710, "7.10"),
        ("1.2300", "NOK", 123, "1.23"),
        ("999999999999.99", "NOK", 99_999_999_999_999, "999999999999.99"),
        ("1234", "JPY", 1234, "1234"),
        ("1234.0", "ISK", 1234, "1234"),
        ("1.234", "KWD", 1234, "1.234"),
        ("1.234", "IQD", 1234, "1.234"),
        ("1.2345", "CLF", 12345, "1.2345"),
        ("412.50", "RSD", 41250, "412.50"),
        ("412.50", "HUF", 41250, "412.50"),
    ],
)
def test_an_amount_is_read_as_minor_units_and_written_with_all_decimals(
    amount: str, currency: str, minor: int, written: str
) -> None:
    money = Money.parse(amount, currency)
    assert money == Money(currency, minor)
    assert type(money.minor) is int
    assert money.decimal() == written


@pytest.mark.parametrize(
    "amount",
    [
        "", " ", "-", ".", "1.", ".5", "+1", "--1", "1,00", "1 000", "1_000", "1e3", "1E3", "NaN", "Infinity", "0x1",
        "1.00\n", " 1.00", "1.00 ", "1.2.3", "1.23456", "1234567890123", "\u0664\u0661\u0662", "\uff11", "\u22121", "kr 5",
    ],
)  # fmt: skip
def test_what_is_no_plain_decimal_is_refused_with_an_example(amount: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Money.parse(amount, "NOK")
    assert "Write it as 412.00" in str(refused.value.message)


def test_a_long_wrong_amount_is_not_repeated_whole() -> None:
    with pytest.raises(InvalidInput) as refused:
        Money.parse("x" * 10_000, "NOK")
    assert len(str(refused.value.message)) < 100


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("1.001", "NOK"), ("1.5", "JPY"), ("1.5", "ISK"), ("1.2345", "KWD"), ("0.0001", "EUR")],
)
def test_more_decimals_than_the_currency_has_are_refused(amount: str, currency: str) -> None:
    with pytest.raises(InvalidInput, match="more decimals") as refused:
        Money.parse(amount, currency)
    assert currency in str(refused.value.message)


@pytest.mark.parametrize("currency", ["", "nok", "Nok", "XYZ", "NO", "NOKK", "N0K", "NOK ", "kr"])
def test_an_unknown_currency_is_refused_by_name(currency: str) -> None:
    with pytest.raises(InvalidInput, match="is not a currency"):
        Money.parse("1.00", currency)


@given(st.integers(-(10**13), 10**13), st.sampled_from(["NOK", "EUR", "JPY", "KWD", "CLF", "RSD"]))
def test_every_amount_survives_being_written_and_read(minor: int, currency: str) -> None:
    if currency == "JPY":
        minor //= 100  # twelve digits before the point is the limit
    money = Money(currency, minor)
    assert Money.parse(money.decimal(), currency) == money


def test_ten_thousand_small_amounts_add_up_exactly() -> None:
    total = sum((Money.parse("0.10", "NOK") for _ in range(10_000)), Money("NOK", 0))
    assert total.decimal() == "1000.00"


def test_amounts_add_negate_and_compare_within_a_currency() -> None:
    ten, four = Money("NOK", 1000), Money("NOK", 400)
    assert ten + four == Money("NOK", 1400)
    assert -ten == Money("NOK", -1000)
    assert ten + -ten == Money("NOK", 0)
    assert four < ten
    assert len({ten, Money("NOK", 1000), four}) == 2


def test_two_currencies_are_never_added() -> None:
    with pytest.raises(ValueError, match="NOK and EUR cannot be added"):
        Money("NOK", 1) + Money("EUR", 1)
