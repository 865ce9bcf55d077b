"""Norwegian organisation numbers, account numbers and KIDs."""

import pytest
from stdnum import luhn

from integration_admin.core.identifiers import is_bank_account, is_kid, is_organisation_number

FULL_WIDTH = str.maketrans("0123456789", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19")


def account_check(digits: str) -> str:
    """Return the mod 11 check character of ten digits, "x" where there is none (reckoned here anew)."""
    weights = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
    rest = sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True)) % 11
    return "0" if rest == 0 else "x" if rest == 1 else str(11 - rest)


@pytest.mark.parametrize(
    "value", ["86011117947", "8601 11 17947", "8601.11.17947", "8601-11-17947", " 86011117947 "]
)
def test_an_account_number_with_a_right_check_digit_is_known_however_it_is_spaced(value: str) -> None:
    assert is_bank_account(value)


def test_only_one_check_digit_is_right() -> None:
    for number in range(0, 10**10, 7_919_111_117 // 13):
        stem = f"{number:010}"
        if stem[4:6] == "00" or stem.startswith("0000"):
            continue
        right = [last for last in "0123456789" if is_bank_account(stem + last)]
        assert right == [last for last in account_check(stem) if last != "x"]


def test_every_mistyped_digit_and_every_swap_of_neighbours_is_caught() -> None:
    account = "86011117947"
    for place, digit in enumerate(account):
        for other in set("0123456789") - {digit}:
            assert not is_bank_account(account[:place] + other + account[place + 1 :])
        swapped = account[:place] + account[place + 1 : place + 2] + digit + account[place + 2 :]
        assert swapped == account or len(swapped) != 11 or not is_bank_account(swapped)


def test_an_account_number_with_00_as_digits_5_and_6_is_not_judged_by_its_check_digit() -> None:
    assert all(is_bank_account(f"8601001794{last}") for last in range(10))
    assert is_bank_account("8601.00.17940")
    assert not is_bank_account("860100179")
    assert not is_bank_account("860100179400")


@pytest.mark.parametrize(
    "value",
    [
        "", "8601111794", "860111179470", "86011117948", "8601/11/17947", "8601111794x", "NO9386011117947",
        "00001234567", "00000000000", "1234567", "86011117947".translate(FULL_WIDTH), "8601\u201311\u201317947",
    ],
)  # fmt: skip
def test_what_is_no_account_number_is_refused(value: str) -> None:
    assert not is_bank_account(value)


@pytest.mark.parametrize("value", ["123456785", "123 456 785", "988077917", "974760673"])
def test_an_organisation_number_with_a_right_check_digit_is_known(value: str) -> None:
    assert is_organisation_number(value)


def test_every_mistyped_digit_of_an_organisation_number_is_caught() -> None:
    number = "123456785"
    for place, digit in enumerate(number):
        for other in set("0123456789") - {digit}:
            assert not is_organisation_number(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize(
    "value",
    [
        "",
        "12345678",
        "1234567855",
        "NO123456785",
        "123456785MVA",
        "12345678x",
        "123456785".translate(FULL_WIDTH),
    ],
)
def test_what_is_no_organisation_number_is_refused(value: str) -> None:
    assert not is_organisation_number(value)


@pytest.mark.parametrize("stem", ["123", "2345670", "0000", "9" * 24, "10203040506070809"])
def test_a_kid_by_mod_10_is_known(stem: str) -> None:
    assert is_kid(stem + luhn.calc_check_digit(stem))


@pytest.mark.parametrize(("stem", "check"), [("1234567", "4"), ("2345678", "8"), ("000", "0"), ("111", "2")])
def test_a_kid_by_mod_11_is_known(stem: str, check: str) -> None:
    # By hand: weights 2, 3, 4, 5, 6, 7, 2, ... from the right; eleven less the rest.
    weighted = sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(stem)))
    assert (weighted + int(check)) % 11 == 0
    assert is_kid(stem + check)


def test_a_kid_whose_mod_11_rest_is_ten_ends_in_a_hyphen() -> None:
    stem = "006"  # 6 x 2 = 12, rest 1, so the check would be ten
    assert is_kid(stem + "-")
    assert not is_kid("007-")
    assert [last for last in "0123456789-" if is_kid(stem + last)] == [luhn.calc_check_digit(stem), "-"]


def test_a_kid_has_at_most_two_right_endings() -> None:
    for stem in ("1234", "55555", "90210", "314159265358"):
        assert 1 <= sum(is_kid(stem + last) for last in "0123456789-") <= 2


@pytest.mark.parametrize(
    "value",
    ["", "-", "000", "00-", "0" * 26, "12 34", "12-4", "abcd", "0000\n", "0000".translate(FULL_WIDTH)],
)
def test_what_is_no_kid_is_refused(value: str) -> None:
    assert not is_kid(value)
