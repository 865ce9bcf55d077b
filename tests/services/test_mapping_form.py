"""The mapping editor's form, there and back."""

from dataclasses import replace

import pytest

from integration_admin.adapters.base import Level, TargetField
from integration_admin.core.errors import InvalidInput
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.services.mapping_form import category_rows, mapping_of, target_rows

ACCOUNT = TargetField("account", msg("Account"), msg("."), Level.LINE, required=True, reference="accounts")
TEXT = TargetField("text", msg("Text"), msg("."), Level.LINE)
CREDIT = TargetField(
    "credit_account", msg("Credit"), msg("."), Level.VOUCHER, required=True, reference="accounts"
)
TARGETS = (ACCOUNT, TEXT, CREDIT)


def test_a_form_becomes_the_mapping_it_shows() -> None:
    mapping = mapping_of(
        {
            "map:account:travel.car": " 7100 ",
            "map:account:gifts": "",
            "from:text": "compose",
            "value:text": "{id} {line.description}",
            "from:credit_account": "constant",
            "value:credit_account": "2910",
        },
        TARGETS,
    )
    assert mapping == {
        "account": FieldMapping(source="line.category", values={"travel.car": "7100"}),
        "text": FieldMapping(compose="{id} {line.description}"),
        "credit_account": FieldMapping(constant="2910"),
    }


def test_an_empty_form_is_an_empty_mapping() -> None:
    assert mapping_of({}, TARGETS) == {}


def test_a_category_may_hold_colons() -> None:
    assert mapping_of({"map:account:a:b": "7100"}, TARGETS)["account"].values == {"a:b": "7100"}


def test_a_source_that_is_no_field_of_a_claim_is_refused_at_its_field() -> None:
    with pytest.raises(InvalidInput) as refusal:
        mapping_of({"from:text": "__class__"}, TARGETS)
    assert set(refusal.value.fields) == {"value:text"}


def test_a_code_that_is_too_long_is_refused_at_its_own_row() -> None:
    form = {"map:account:gifts": "6800", "map:account:phone": "6" * 501, "map:account:travel.car": "7100"}
    with pytest.raises(InvalidInput) as refusal:
        mapping_of(form, TARGETS)
    assert set(refusal.value.fields) == {"map:account:phone"}


def test_a_code_that_was_pasted_with_signs_nobody_sees_is_the_code() -> None:
    form = {
        "map:account:phone": "\N{RIGHT-TO-LEFT OVERRIDE}6903\N{ZERO WIDTH SPACE}",
        "map:account:gifts": "\N{WORD JOINER}",
    }
    assert mapping_of(form, TARGETS)["account"].values == {"phone": "6903"}


def test_suggestions_fill_only_a_mapping_nobody_has_made() -> None:
    rows = category_rows(TARGETS, {}, ["travel.car"], {"travel.car": "7100"})
    assert [(row.code, row.suggested) for row in rows] == [("7100", True)]
    saved = {"account": FieldMapping(source="line.category", values={"phone": "6903"})}
    rows = category_rows(TARGETS, saved, ["travel.car"], {"travel.car": "7100"})
    assert [(row.category, row.code, row.suggested) for row in rows] == [
        ("phone", "6903", False),
        ("travel.car", "", False),
    ]


def test_accounts_and_dimensions_somebody_entered_are_not_hidden_among_more_fields() -> None:
    dimensions = [
        TargetField(name, msg("Dimension"), msg("."), Level.LINE, reference=name)
        for name in ("dimension_1", "dimension_2")
    ]
    owed = replace(CREDIT, required=False)
    rows = target_rows((owed, *dimensions), {}, {"accounts": 3, "dimension_1": 9})
    assert [(row.target.name, row.usual) for row in rows] == [("credit_account", True), ("dimension_1", True)]


def test_a_voucher_field_offers_no_field_of_a_line() -> None:
    rows = {row.target.name: row for row in target_rows(TARGETS, {}, {"accounts": 3})}
    assert not any(origin.startswith("line.") for origin in rows["credit_account"].origins)
    assert "line.description" in rows["text"].origins
    assert (rows["text"].origin, rows["credit_account"].origin) == ("compose", "constant")
