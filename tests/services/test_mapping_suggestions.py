"""An account is suggested where the accounting system's own names leave no doubt, and nowhere else."""

from typing import Any

import pytest

from integration_admin.core.reference import ReferenceItem
from integration_admin.services.mapping_suggestions import suggest


def account(code: str, name: str, **changes: Any) -> ReferenceItem:
    return ReferenceItem(id=f"id-{code}-{name}", code=code, name=name, **changes)


CHART = (
    account("1570", "Reiseforskudd"),
    account("2910", "Gjeld til ansatte"),
    account("5915", "Overtidsmat"),
    account("6800", "Kontorrekvisita"),
    account("6903", "Mobiltelefon"),
    account("7100", "Bilgodtgjørelse, opplysningspliktig"),
    account("7130", "Reisekostnad, opplysningspliktig"),
    account("7140", "Reisekostnad, ikke opplysningspliktig"),
    account("7160", "Diettkostnad, ikke opplysningspliktig"),
)


@pytest.mark.parametrize(
    ("category", "code"),
    [
        ("travel.public_transport", "7140"),
        ("travel.mileage", "7100"),
        ("travel.diet", "7160"),
        ("office.supplies", "6800"),
        ("phone", "6903"),
        ("account 6903", "6903"),
        ("overtidsmat", "5915"),
    ],
)
def test_a_plain_case_is_suggested(category: str, code: str) -> None:
    assert suggest([category], CHART) == {category: code}


@pytest.mark.parametrize("category", ["gifts", "", "...", "childcare", "advance"])
def test_nothing_is_guessed_for_an_unknown_category(category: str) -> None:
    assert suggest([category], CHART) == {}


def test_nothing_is_guessed_between_two_that_fit() -> None:
    two = (account("7141", "Reise innenlands"), account("7142", "Reise utenlands"))
    assert suggest(["travel"], two) == {}


def test_a_code_two_accounts_share_is_never_suggested() -> None:
    twice = (account("7140", "Reisekostnad"), account("7140", "Reisekostnad, gammel"))
    assert suggest(["travel", "7140"], twice) == {}


@pytest.mark.parametrize("state", [{"open": False}, {"posting": False}])
def test_an_account_that_cannot_be_posted_to_is_never_suggested(state: dict[str, bool]) -> None:
    assert suggest(["travel", "7140"], [account("7140", "Reisekostnad", **state)]) == {}


def test_an_account_that_is_not_for_costs_is_never_hinted_at() -> None:
    assert suggest(["travel"], [account("1570", "Reiseforskudd")]) == {}


def test_the_order_of_the_chart_changes_nothing() -> None:
    categories = ["travel.train", "office.supplies", "phone", "gifts"]
    assert suggest(categories, CHART) == suggest(categories, CHART[::-1])
