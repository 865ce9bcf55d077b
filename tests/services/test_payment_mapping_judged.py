"""A mapping that exports reimbursements is judged for them too before it is saved."""

from dataclasses import replace
from datetime import date

import pytest

from integration_admin.adapters.base import Level, TargetField
from integration_admin.adapters.dynamics.business_central.fields import TARGET_FIELDS as BUSINESS_CENTRAL
from integration_admin.adapters.xledger.fields import TARGET_FIELDS
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.reference import ReferenceItem
from integration_admin.services.code_lookup import CodeLookup
from integration_admin.services.config_validator import Severity, validate

CODES = ("7140", "2910", "1920", "1921", "1500")
CENTRE = TargetField("centre", msg("Centre"), msg("."), Level.LINE, required=True)
MAPPING = {
    "account": FieldMapping(source="line.category", values={"travel": "7140"}),
    "text": FieldMapping(compose="{line.description}"),
    "credit_account": FieldMapping(constant="2910"),
}
SAME = "The money is paid from the account it is owed on. A reimbursement would be booked against itself."


def lookup(*accounts: ReferenceItem) -> CodeLookup:
    known = [ReferenceItem(code, code, f"Name of {code}") for code in CODES]
    return CodeLookup.of({"accounts": [*known, *accounts]}, date(2026, 11, 21))


def warnings(
    payment: FieldMapping, *extra: TargetField, codes: CodeLookup | None = None, **mapped: FieldMapping
) -> list[tuple[str, str, str]]:
    mapping = MAPPING | {"payment_account": payment} | mapped
    findings = validate(mapping, (*TARGET_FIELDS, *extra), ("travel",), codes or lookup())
    assert {finding.severity for finding in findings} <= {Severity.WARNING}
    return [(finding.target, finding.source_value, str(finding.message)) for finding in findings]


def test_a_bank_account_is_not_remarked_on() -> None:
    assert warnings(FieldMapping(constant="1920")) == []
    assert warnings(FieldMapping(source="currency", values={"NOK": "1920", "EUR": "1921"})) == []


def test_reimbursements_that_are_not_mapped_are_not_judged() -> None:
    by_department = MAPPING | {"credit_account": FieldMapping(source="department", values={"210": "2910"})}
    assert validate(by_department, TARGET_FIELDS, ("travel",), lookup()) == []


def test_somebody_must_be_owed_the_money() -> None:
    nobody = {name: field for name, field in MAPPING.items() if name != "credit_account"}
    (finding,) = validate(nobody, BUSINESS_CENTRAL, ("travel",), lookup())
    assert (finding.severity, finding.target) == (Severity.ERROR, "credit_account")
    by_person = nobody | {"employee": FieldMapping(source="claimant.id")}
    assert validate(by_person, BUSINESS_CENTRAL, ("travel",), lookup()) == []


def test_an_account_that_does_not_exist_is_a_warning() -> None:
    assert warnings(FieldMapping(constant="192")) == [
        ("payment_account", "", "The accounting system has no code 192. Did you mean 1920?")
    ]


def test_a_closed_account_is_a_warning() -> None:
    closed = lookup(ReferenceItem("9", "1990", "Old bank", open=False))
    assert warnings(FieldMapping(constant="1990"), codes=closed) == [
        ("payment_account", "", "1990 Old bank is closed in the accounting system.")
    ]


@pytest.mark.parametrize("code", ["1500", "7140"])
def test_an_account_that_is_no_bank_account_is_a_warning(code: str) -> None:
    assert warnings(FieldMapping(constant=code)) == [
        (
            "payment_account",
            "",
            f"{code} Name of {code} is an unusual account to pay from; bank accounts begin with 19.",
        )
    ]


def test_paying_from_the_account_that_is_owed_on_is_a_warning() -> None:
    assert ("payment_account", "", SAME) in warnings(FieldMapping(constant="2910"))
    by_currency = FieldMapping(source="currency", values={"NOK": "1920", "EUR": "2910"})
    assert ("payment_account", "", SAME) in warnings(by_currency)


@pytest.mark.parametrize(
    "field", [FieldMapping(source="department", values={"210": "2910"}), FieldMapping(compose="{department}")]
)
def test_an_account_no_reimbursement_can_have_is_a_warning(field: FieldMapping) -> None:
    assert warnings(FieldMapping(constant="1920"), credit_account=field) == [
        (
            "credit_account",
            "",
            "“Account for what is owed” is read from “Department”, which a reimbursement does not have. None will be exported.",
        )
    ]


def test_a_line_field_that_must_be_filled_is_judged_for_reimbursements_too() -> None:
    found = warnings(FieldMapping(constant="1920"), CENTRE, centre=FieldMapping(source="line.cost_centre"))
    assert [target for target, _, _ in found] == ["centre"]
    assert warnings(FieldMapping(constant="1920"), CENTRE, centre=FieldMapping(constant="210")) == []
    optional = replace(CENTRE, required=False)
    by_line = FieldMapping(source="line.cost_centre")
    assert warnings(FieldMapping(constant="1920"), optional, centre=by_line) == []


def test_a_text_that_is_partly_there_is_enough() -> None:
    mixed = FieldMapping(compose="{currency}{department}")
    found = warnings(FieldMapping(constant="1920"), credit_account=mixed)
    assert [target for target, _, _ in found] == []
