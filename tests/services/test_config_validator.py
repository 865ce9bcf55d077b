"""A mapping is judged before it is saved: what would fail is an error, what looks wrong a warning."""

from collections.abc import Iterable
from datetime import date
from typing import Any

import pytest

from integration_admin.adapters.base import Level, TargetField
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.reference import ReferenceItem
from integration_admin.services.code_lookup import CodeLookup
from integration_admin.services.config_validator import Finding, Severity, validate

TODAY = date(2026, 11, 21)
CATEGORIES = ("travel.train", "office.supplies")

ACCOUNT = TargetField(
    "account", msg("Account"), msg("Cost."), Level.LINE, required=True, reference="accounts", max_length=8
)
TEXT = TargetField("text", msg("Text"), msg("What."), Level.LINE)
CENTRE = TargetField("cost_centre", msg("Cost centre"), msg("Who pays."), Level.LINE, reference="centres")
CREDIT = TargetField("credit", msg("Credit"), msg("Owed."), Level.VOUCHER, reference="accounts")
TARGETS = (ACCOUNT, TEXT, CENTRE, CREDIT)

BOTH = FieldMapping(source="line.category", values={"travel.train": "7140", "office.supplies": "6800"})


def item(code: str, item_id: str = "", **changes: Any) -> ReferenceItem:
    values: dict[str, Any] = {"name": f"Name of {code}"} | changes
    return ReferenceItem(id=item_id or f"1{code}", code=code, **values)


GOOD = (item("7140"), item("6800"), item("2910"))


def judge(
    mapping: dict[str, FieldMapping],
    accounts: Iterable[ReferenceItem] = GOOD,
    categories: tuple[str, ...] = CATEGORIES,
    **lists: list[ReferenceItem],
) -> list[Finding]:
    codes = CodeLookup.of({"accounts": accounts, **lists}, TODAY)
    return validate(mapping, TARGETS, categories, codes)


def said(findings: list[Finding], severity: Severity) -> list[tuple[str, str, str]]:
    assert {finding.severity for finding in findings} <= {severity}
    return [(finding.target, finding.source_value, str(finding.message)) for finding in findings]


def errors(*arguments: Any, **lists: Any) -> list[tuple[str, str, str]]:
    return said(judge(*arguments, **lists), Severity.ERROR)


def warnings(*arguments: Any, **lists: Any) -> list[tuple[str, str, str]]:
    return said(judge(*arguments, **lists), Severity.WARNING)


def with_account(code: str, *found: ReferenceItem) -> list[tuple[str, str, str]]:
    """Judge a mapping of one category to `code` among `found`."""
    mapping = {"account": FieldMapping(source="line.category", values={"travel.train": code})}
    return warnings(mapping, found, ("travel.train",))


def test_a_whole_mapping_has_no_findings() -> None:
    mapping = {
        "account": BOTH,
        "text": FieldMapping(compose="{id} {line.description}"),
        "cost_centre": FieldMapping(source="line.cost_centre"),
        "credit": FieldMapping(constant="2910"),
    }
    assert judge(mapping) == []


def test_a_required_field_that_is_not_mapped_is_an_error() -> None:
    assert errors({}) == [("account", "", "“Account” must be mapped; the accounting system demands it.")]


def test_a_field_the_accounting_system_does_not_have_is_an_error() -> None:
    assert errors({"account": BOTH, "acount": BOTH}) == [
        ("acount", "", "The accounting system has no field called “acount”.")
    ]


@pytest.mark.parametrize(
    "field", [FieldMapping(source="line.category"), FieldMapping(compose="{line.category}")]
)
def test_a_line_source_on_a_field_of_the_voucher_is_an_error(field: FieldMapping) -> None:
    target = TargetField("number", msg("Number"), msg("Ours."), Level.VOUCHER)
    findings = validate({"number": field}, [target], CATEGORIES, CodeLookup.of({}, TODAY))
    assert said(findings, Severity.ERROR) == [
        (
            "number",
            "",
            "“Number” is one value for the whole voucher and cannot be read from “Category”, which differs from line to line.",
        )
    ]


def test_a_placeholder_no_claim_has_is_an_error() -> None:
    mapping = {"account": BOTH, "text": FieldMapping(compose="{id} {claimant.shoe_size}")}
    assert errors(mapping) == [("text", "", "A claim has no field called “claimant.shoe_size”.")]


def test_an_empty_value_map_on_a_required_field_is_an_error() -> None:
    assert errors({"account": FieldMapping(source="line.category")}, GOOD, ()) == [
        ("account", "", "No category has a code for “Account” yet.")
    ]


def test_a_value_map_of_empty_entries_on_a_required_field_is_an_error() -> None:
    findings = judge({"account": FieldMapping(source="line.category", values={"travel.train": ""})})
    assert [str(found.message) for found in findings if found.severity is Severity.ERROR] == [
        "Every entry in the value map of “Account” is empty."
    ]


def test_categories_that_are_codes_themselves_need_no_value_map() -> None:
    mapping = {"account": FieldMapping(source="line.category")}
    assert judge(mapping, GOOD, ("7140",)) == []
    assert warnings(mapping, GOOD, ("7140", "taxi")) == [
        ("account", "taxi", "The accounting system has no code taxi.")
    ]


@pytest.mark.parametrize("field", [FieldMapping(constant=" "), FieldMapping(compose="")])
def test_a_required_field_that_is_always_empty_is_an_error(field: FieldMapping) -> None:
    findings = judge({"account": field})
    assert ("account", "“Account” cannot be empty.") in [
        (found.target, str(found.message)) for found in findings if found.severity is Severity.ERROR
    ]


def test_a_constant_that_is_too_long_is_an_error() -> None:
    findings = judge({"account": FieldMapping(constant="714000000")})
    assert [str(found.message) for found in findings if found.severity is Severity.ERROR] == [
        "The value for “Account” is longer than the 8 characters it may have."
    ]


def test_a_value_map_entry_that_is_too_long_is_a_warning() -> None:
    assert with_account("714000000", item("714000000")) == [
        ("account", "travel.train", "The value for “Account” is longer than the 8 characters it may have.")
    ]


def test_a_category_in_use_without_an_account_is_a_warning() -> None:
    mapping = {"account": FieldMapping(source="line.category", values={"travel.train": "7140"})}
    assert warnings(mapping) == [
        ("account", "office.supplies", "Category “Office supplies” has no account yet.")
    ]


def test_a_category_mapped_to_nothing_is_a_warning_where_the_field_is_required() -> None:
    values = {"travel.train": "7140", "office.supplies": ""}
    assert warnings({"account": FieldMapping(source="line.category", values=values)}) == [
        (
            "account",
            "office.supplies",
            "“office.supplies” is mapped to nothing, and “Account” cannot be empty.",
        )
    ]


def test_a_value_map_that_is_never_used_is_a_warning() -> None:
    mapping = {"account": FieldMapping(constant="7140", values={"a": "b"})}
    assert warnings(mapping) == [
        (
            "account",
            "",
            "The value map is not used, because the value is not read from one field of the claim.",
        )
    ]


def test_a_list_that_was_never_read_is_said_once() -> None:
    assert warnings({"account": BOTH}, []) == [
        (
            "account",
            "",
            "The accounting system's list for “Account” has not been read yet, so no code was checked.",
        )
    ]


def test_an_unknown_code_is_a_warning_with_the_code_that_begins_like_it() -> None:
    assert with_account("7140", item("7140*"), item("7145"), item("714099")) == [
        ("account", "travel.train", "The accounting system has no code 7140. Did you mean 7140*?")
    ]


def test_an_unknown_code_is_a_warning_with_the_code_spelled_like_it() -> None:
    assert with_account("7104", item("7140"), item("7990")) == [
        ("account", "travel.train", "The accounting system has no code 7104. Did you mean 7140?")
    ]


def test_a_closed_account_or_a_heading_is_never_suggested() -> None:
    assert with_account("714", item("7140", open=False), item("7141", posting=False)) == [
        ("account", "travel.train", "The accounting system has no code 714.")
    ]


def test_a_closed_account_is_a_warning() -> None:
    assert with_account("7140", item("7140", open=False)) == [
        ("account", "travel.train", "7140 Name of 7140 is closed in the accounting system.")
    ]


def test_a_heading_is_a_warning() -> None:
    assert with_account("7140", item("7140", posting=False)) == [
        ("account", "travel.train", "7140 Name of 7140 is a heading; nothing can be posted to it.")
    ]


@pytest.mark.parametrize(
    ("dates", "sentence"),
    [
        ({"valid_from": date(2026, 11, 22)}, "7140 Name of 7140 is not valid before 2026-11-22."),
        ({"valid_to": date(2026, 11, 20)}, "7140 Name of 7140 was valid until 2026-11-20 only."),
    ],
)
def test_an_account_outside_its_dates_is_a_warning(dates: dict[str, date], sentence: str) -> None:
    assert with_account("7140", item("7140", **dates)) == [("account", "travel.train", sentence)]


def test_the_first_and_the_last_day_of_an_account_are_valid() -> None:
    assert with_account("7140", item("7140", valid_from=TODAY, valid_to=TODAY)) == []


def test_a_code_several_entries_share_is_a_warning_that_names_their_ids() -> None:
    shared = item("7140", "11", name="Travel"), item("7140", "12", name="Travel, old")
    assert with_account("7140", *shared) == [
        (
            "account",
            "travel.train",
            "2 entries share the code 7140. Write the one that is meant by its id: dbId:11 (Travel), dbId:12 (Travel, old).",
        )
    ]
    assert with_account("dbId:12", *shared) == []


def test_an_id_nobody_has_is_a_warning() -> None:
    assert with_account("dbId:99", item("7140", "11")) == [
        ("account", "travel.train", "The accounting system has no code dbId:99.")
    ]


@pytest.mark.parametrize("code", ["4300", "6800", "7140", "7140*", "71400", "A1", "999999"])
def test_usual_accounts_and_charts_of_another_kind_are_not_remarked_on(code: str) -> None:
    assert with_account(code, item(code)) == []


@pytest.mark.parametrize("code", ["1920", "2910", "3000", "8150"])
def test_an_account_that_is_not_for_costs_is_a_warning(code: str) -> None:
    assert with_account(code, item(code)) == [
        (
            "account",
            "travel.train",
            f"{code} Name of {code} is not an account for costs; those begin with 4, 6 or 7.",
        )
    ]


def test_a_payroll_account_is_a_warning() -> None:
    assert with_account("5000", item("5000")) == [
        (
            "account",
            "travel.train",
            "5000 Name of 5000 is a payroll account; expense claims seldom belong there.",
        )
    ]


def test_an_id_is_judged_by_the_code_behind_it() -> None:
    assert len(with_account("dbId:5", item("5000", "5"))) == 1


@pytest.mark.parametrize(("code", "remarks"), [("2910", 0), ("2400", 0), ("1920", 1), ("7140", 1)])
def test_what_is_owed_belongs_on_accounts_of_24_or_29(code: str, remarks: int) -> None:
    mapping = {"account": BOTH, "credit": FieldMapping(constant=code)}
    found = warnings(mapping, [*GOOD, item(code, "99")] if code not in {"7140", "2910"} else GOOD)
    assert [target for target, _, _ in found] == ["credit"] * remarks


def test_codes_of_other_lists_are_checked_without_remarks_about_accounts() -> None:
    mapping = {"account": BOTH, "cost_centre": FieldMapping(constant="120")}
    assert warnings(mapping, GOOD, CATEGORIES, centres=[item("210")]) == [
        ("cost_centre", "", "The accounting system has no code 120.")
    ]
    assert judge(mapping, GOOD, CATEGORIES, centres=[item("120")]) == []


def test_a_code_is_suggested_out_of_a_very_long_list() -> None:
    codes = CodeLookup.of({"accounts": [item(str(number)) for number in range(10_000, 60_000)]}, TODAY)
    assert codes.nearest("accounts", "2500") == "25000"
    assert codes.nearest("accounts", "250001") == "25000"
    assert codes.nearest("accounts", "70000") == ""


def test_a_value_that_is_not_among_those_allowed_is_named_with_them() -> None:
    vat = TargetField("vat_code", msg("VAT code"), msg("."), Level.LINE, choices=("0", "3"))
    sentence = "“VAT code” may not be “25”. It may be one of these: 0, 3."

    def found(field: FieldMapping) -> list[tuple[Severity, str, str]]:
        codes = CodeLookup.of({}, TODAY)
        findings = validate({"vat_code": field}, (vat,), CATEGORIES, codes)
        return [(each.severity, each.source_value, str(each.message)) for each in findings]

    assert found(FieldMapping(constant="25")) == [(Severity.ERROR, "", sentence)]
    assert found(FieldMapping(constant="3")) == []
    mapped = FieldMapping(source="line.vat_code", values={"high": "25", "none": "0"})
    assert found(mapped) == [(Severity.WARNING, "high", sentence)]
