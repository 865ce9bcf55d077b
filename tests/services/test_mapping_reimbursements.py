"""Reimbursements become vouchers the other way round than claims: what was owed is debited, and paid from the bank."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import to_builtins

from integration_admin.adapters.base import Level, TargetField, Voucher
from integration_admin.adapters.generic_rest.targets import TARGET_FIELDS as REST_FIELDS
from integration_admin.adapters.xledger.fields import TARGET_FIELDS as XLEDGER_FIELDS
from integration_admin.core.errors import InvalidInput
from integration_admin.core.mapping import REIMBURSEMENT_SOURCES, VOUCHER_SOURCES, FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.core.records import ExpenseClaim, Reimbursement
from integration_admin.core.stored_claims import stored_reimbursement
from integration_admin.services.exported_kinds import exported_kinds, why_reimbursements_stay
from integration_admin.services.mapping_plans import Problem
from integration_admin.services.mapping_resolver import Unresolvable, compile_mapping
from tests.builders import make_claim, make_reimbursement

MAPPING = {
    "account": FieldMapping(source="line.category", values={"travel.public_transport": "7140"}),
    "text": FieldMapping(compose="{id} {line.description}"),
    "credit_account": FieldMapping(constant="2910"),
    "payment_account": FieldMapping(constant="1920"),
}
BOTH = frozenset({"expense_claim", "reimbursement"})


def payment(**changes: Any) -> Reimbursement:
    return Reimbursement.model_validate(make_reimbursement(**changes))


def resolve(
    record: Reimbursement,
    targets: tuple[TargetField, ...] = XLEDGER_FIELDS,
    excluded: frozenset[str] = frozenset(),
    **mapped: FieldMapping,
) -> Voucher:
    compiled = compile_mapping(MAPPING | mapped, targets, excluded)
    return compiled.resolve_reimbursement(record, reference="IA311", number=9)


def problems(record: Reimbursement, **mapped: FieldMapping) -> list[tuple[str, str]]:
    with pytest.raises(Unresolvable) as refused:
        resolve(record, **mapped)
    assert all(problem.line is None for problem in refused.value.problems)
    return [(problem.field, str(problem.message)) for problem in refused.value.problems]


def text(record: Reimbursement, *excluded: str, **mapped: FieldMapping) -> str | None:
    return resolve(record, excluded=frozenset(excluded), **mapped).lines[0].fields.get("text")


@pytest.mark.parametrize("targets", [XLEDGER_FIELDS, REST_FIELDS], ids=["xledger", "generic_rest"])
def test_it_debits_what_is_owed_and_credits_what_it_was_paid_from(targets: tuple[TargetField, ...]) -> None:
    voucher = resolve(payment(id="RB-1", claim_id="EC-1", reference="P-311"), targets)
    assert (voucher.reference, voucher.number, voucher.record_id) == ("IA311", 9, "RB-1")
    assert (voucher.kind, voucher.date) == ("reimbursement", date(2026, 11, 8))
    assert voucher.fields == {"credit_account": "1920"}
    ((fields, amount),) = voucher.lines
    assert fields == {"account": "2910", "text": "P-311 EC-1"}
    assert amount == Money("NOK", 41200)


def test_a_claim_is_credited_where_its_payment_is_debited() -> None:
    claim = ExpenseClaim.model_validate(make_claim())
    voucher = compile_mapping(MAPPING, XLEDGER_FIELDS, frozenset()).resolve(claim, reference="IA1", number=1)
    assert voucher.fields == {"credit_account": "2910"}, "the account it was paid from is none of a claim's"
    assert voucher.kind == "expense_claim"
    assert resolve(payment()).lines[0].fields["account"] == voucher.fields["credit_account"]


def test_the_accounts_may_follow_what_both_kinds_of_records_have() -> None:
    by_currency = FieldMapping(source="currency", values={"NOK": "1920", "EUR": "1921"})
    assert resolve(payment(currency="EUR"), payment_account=by_currency).fields["credit_account"] == "1921"
    assert problems(payment(currency="SEK"), payment_account=by_currency) == [
        (
            "payment_account",
            "“SEK” has no entry in the value map of “Account the money was paid from” yet.",
        )
    ]


def test_what_a_reimbursement_does_not_have_is_empty() -> None:
    mapped = {
        "posted_date": FieldMapping(source="approved_on"),
        "invoice_number": FieldMapping(source="claim_id"),
        "subledger": FieldMapping(source="claimant.id"),
        "due_date": FieldMapping(compose="{submitted_on}"),
    }
    voucher = resolve(payment(claim_id="EC-1"), **mapped)
    assert voucher.fields == {"credit_account": "1920", "invoice_number": "EC-1", "subledger": "V-118"}


def test_the_day_of_payment_can_be_the_posting_date() -> None:
    assert (
        resolve(payment(), posted_date=FieldMapping(source="paid_on")).fields["posted_date"] == "2026-11-08"
    )


def test_a_required_field_it_does_not_have_is_a_problem() -> None:
    assert problems(payment(), credit_account=FieldMapping(source="department")) == [
        (
            "credit_account",
            "“Account for what is owed” cannot be empty, and it is read from “Department”, which this kind of record does not have.",
        )
    ]


ON_A_PERSON = (
    *(
        replace(target, required=False) if target.name == "credit_account" else target
        for target in XLEDGER_FIELDS
    ),
    TargetField("employee", msg("Employee"), msg("."), Level.VOUCHER, reference="employees"),
)
"""Where the money may be owed on a person's own account instead, as in Business Central."""


def test_it_may_debit_a_persons_own_account() -> None:
    mapping = {name: field for name, field in MAPPING.items() if name != "credit_account"}
    mapping["employee"] = FieldMapping(source="claimant.id", values={"V-118": "E-7"})
    compiled = compile_mapping(mapping, ON_A_PERSON, frozenset())
    assert compiled.payments is not None
    voucher = compiled.resolve_reimbursement(payment(), reference="IA1", number=1)
    assert voucher.fields == {"credit_account": "1920", "employee": "E-7"}
    assert "account" not in voucher.lines[0].fields


def test_somebody_or_some_account_must_be_owed() -> None:
    mapping = {name: field for name, field in MAPPING.items() if name != "credit_account"}
    mapping["employee"] = FieldMapping(source="claimant.email")
    with pytest.raises(Unresolvable) as refused:
        compile_mapping(mapping, ON_A_PERSON, frozenset()).resolve_reimbursement(
            payment(), reference="IA1", number=1
        )
    assert [(problem.field, str(problem.message)) for problem in refused.value.problems] == [
        ("credit_account", "“Account for what is owed” cannot be empty.")
    ]


def test_a_required_account_for_what_is_owed_that_is_not_mapped_is_named_once() -> None:
    mapping = {name: field for name, field in MAPPING.items() if name != "credit_account"}
    with pytest.raises(Unresolvable) as refused:
        compile_mapping(mapping, XLEDGER_FIELDS, frozenset()).resolve_reimbursement(
            payment(), reference="IA1", number=1
        )
    assert [problem.field for problem in refused.value.problems] == ["credit_account"]


def test_a_field_every_line_must_have_is_demanded_of_its_line_too() -> None:
    centre = TargetField("centre", msg("Centre"), msg("."), Level.LINE, required=True)
    targets = (*XLEDGER_FIELDS, centre)
    assert resolve(payment(), targets, centre=FieldMapping(constant="210")).lines[0].fields["centre"] == "210"
    with pytest.raises(Unresolvable) as refused:
        resolve(payment(), targets, centre=FieldMapping(source="line.cost_centre"))
    assert [problem.field for problem in refused.value.problems] == ["centre"]


def test_its_line_has_no_tax_and_no_dimensions() -> None:
    fixed = FieldMapping(constant="1")
    fields = resolve(payment(), tax_rule=fixed, project=fixed, gl_object_1=fixed).lines[0].fields
    assert set(fields) == {"account", "text"}


@pytest.mark.parametrize("amount", ["0.00", "-12.50"])
def test_only_an_amount_above_zero_is_exported(amount: str) -> None:
    assert problems(payment(amount=amount)) == [
        ("", f"The reimbursement is {amount} NOK. Only a reimbursement above zero can be exported.")
    ]


def test_money_is_not_paid_from_the_account_it_is_owed_on() -> None:
    assert problems(payment(), payment_account=FieldMapping(constant="2910")) == [
        (
            "payment_account",
            "The money is paid from the account it is owed on. A reimbursement would be booked against itself.",
        )
    ]


def test_all_problems_are_counted_for_the_person() -> None:
    with pytest.raises(Unresolvable) as refused:
        resolve(payment(amount="0.00"), payment_account=FieldMapping(constant=""))
    assert str(refused.value.message) == "2 things keep this reimbursement from being exported."
    assert refused.value.internal.startswith("reimbursement, line None: The reimbursement is")


def test_without_an_account_it_was_paid_from_nothing_is_made_of_it() -> None:
    mapping = {name: field for name, field in MAPPING.items() if name != "payment_account"}
    with pytest.raises(Unresolvable) as refused:
        compile_mapping(mapping, XLEDGER_FIELDS, frozenset()).resolve_reimbursement(
            payment(), reference="IA1", number=1
        )
    assert str(refused.value.message) == (
        "“Account the money was paid from” must be mapped before a reimbursement can be exported."
    )
    assert refused.value.problems[0].field == "payment_account"


def test_an_accounting_system_without_the_field_takes_none() -> None:
    without = tuple(target for target in XLEDGER_FIELDS if target.name != "payment_account")
    mapping = {name: field for name, field in MAPPING.items() if name != "payment_account"}
    with pytest.raises(Unresolvable) as refused:
        compile_mapping(mapping, without, frozenset()).resolve_reimbursement(
            payment(), reference="IA1", number=1
        )
    assert [(problem.field, str(problem.message)) for problem in refused.value.problems] == [
        ("", "This accounting system does not take reimbursements from here.")
    ]


def test_what_is_wrong_with_the_mapping_keeps_reimbursements_back_too() -> None:
    compiled = compile_mapping(MAPPING, XLEDGER_FIELDS, frozenset())
    broken = replace(compiled, faults=(Problem("text", None, msg("Wrong.")),))
    with pytest.raises(Unresolvable) as refused:
        broken.resolve_reimbursement(payment(), reference="IA1", number=1)
    assert str(refused.value.message) == "Wrong."


def test_the_mapped_text_is_used_where_all_of_it_is_there() -> None:
    record = payment(id="RB-1", claim_id="EC-1", reference="P-311")
    assert text(record, text=FieldMapping(compose="{claimant.name}, {claim_id}")) == "Kari Nordmann, EC-1"
    assert text(record, text=FieldMapping(source="purpose")) == "P-311 EC-1"
    assert text(record, "claimant.name", text=FieldMapping(compose="{claimant.name}, {id}")) == "P-311 EC-1"
    assert text(record, text=FieldMapping(constant="Utbetaling")) == "Utbetaling"


def test_a_payment_without_a_reference_says_which_claim_it_is_for() -> None:
    assert text(payment(claim_id="EC-1", reference="")) == "EC-1"


@pytest.mark.parametrize(
    ("reference", "shown"),
    [
        ("86011117947-311", "311 EC-1"),
        ("NO93 86011117947", "EC-1"),
        ("NO9386011117947/311", "311 EC-1"),
        ("Lonn 8601 11 17947", "Lonn EC-1"),
        ("8601.11.17947", "EC-1"),
        ("12345678901", "12345678901 EC-1"),
        ("886011117947", "886011117947 EC-1"),
        ("P-311", "P-311 EC-1"),
    ],
)
@pytest.mark.parametrize("excluded", ["claimant.bank_account", "claimant"])
def test_an_excluded_account_number_does_not_leave_inside_a_reference(
    reference: str, shown: str, excluded: str
) -> None:
    record = payment(claim_id="EC-1", reference=reference)
    assert text(record, excluded) == shown
    assert text(record) == f"{reference} EC-1"
    mapped = {"text": FieldMapping(source="reference"), "invoice_number": FieldMapping(source="reference")}
    assert resolve(record, excluded=frozenset({excluded}), **mapped).fields.get("invoice_number", "") in shown


MARKED = {
    "claimant.name": "MARKNAME",
    "claimant.email": "mark@example.org",
    "claim_id": "MARKCLAIM",
    "reference": "MARKREF",
}


def _marked() -> Reimbursement:
    claimant = {"id": "V-118", "name": MARKED["claimant.name"], "email": MARKED["claimant.email"]}
    return payment(claimant=claimant, claim_id=MARKED["claim_id"], reference=MARKED["reference"])


_VOUCHER_FIELDS = ("subledger", "invoice_number", "due_date", "posted_date")
_SOURCE = st.sampled_from(VOUCHER_SOURCES)
_WIDE = tuple(replace(target, max_length=500) for target in XLEDGER_FIELDS)
_FIELDS = st.one_of(
    _SOURCE.map(lambda name: FieldMapping(source=name)),
    st.lists(_SOURCE, max_size=12).map(
        lambda names: FieldMapping(compose=" ".join(f"{{{name}}}" for name in names))
    ),
)


@given(
    st.dictionaries(st.sampled_from([*_VOUCHER_FIELDS, "text"]), _FIELDS),
    st.frozensets(st.sampled_from(sorted(MARKED))),
)
def test_nothing_excluded_is_in_a_voucher(mapped: dict[str, FieldMapping], excluded: frozenset[str]) -> None:
    sent = repr(_resolved(mapped, excluded))
    assert [name for name in excluded if MARKED[name] in sent] == []


def _resolved(mapped: dict[str, FieldMapping], excluded: frozenset[str]) -> object:
    """Return the voucher, or why there is none: a text that would be empty."""
    try:
        return resolve(_marked(), _WIDE, excluded, **mapped)
    except Unresolvable as refused:
        return refused.problems


def test_every_source_of_a_reimbursement_can_be_read() -> None:
    claimant = {"id": "V-1", "name": "Kari", "email": "k@example.org", "bank_account": "86011117947"}
    record = payment(id="RB-1", claim_id="EC-1", claimant=claimant, reference="P-311")
    read = {source: text(record, text=FieldMapping(source=source)) for source in REIMBURSEMENT_SOURCES}
    assert read == {
        "id": "RB-1",
        "claim_id": "EC-1",
        "paid_on": "2026-11-08",
        "currency": "NOK",
        "reference": "P-311",
        "claimant.id": "V-1",
        "claimant.name": "Kari",
        "claimant.email": "k@example.org",
        "claimant.bank_account": "86011117947",
    }


def test_a_stored_reimbursement_is_the_one_that_was_judged() -> None:
    raw = make_reimbursement()
    assert to_builtins(stored_reimbursement(json.dumps(raw))) == payment(**raw).model_dump(mode="json")
    assert resolve(stored_reimbursement(json.dumps(raw))) == resolve(payment(**raw))
    with pytest.raises(InvalidInput, match="stored reimbursement") as refusal:
        stored_reimbursement(json.dumps(make_claim()))
    assert "Kari" not in f"{refusal.value} {refusal.value.internal}", "what was stored is not told"


def test_reimbursements_are_taken_up_only_where_they_can_be_booked_and_are_mapped() -> None:
    assert exported_kinds(BOTH, maps_payments=True) == BOTH
    assert exported_kinds(BOTH, maps_payments=False) == {"expense_claim"}
    assert exported_kinds({"expense_claim"}, maps_payments=True) == {"expense_claim"}


def test_why_reimbursements_are_not_exported_is_one_sentence() -> None:
    without = tuple(target for target in XLEDGER_FIELDS if target.name != "payment_account")
    assert why_reimbursements_stay(BOTH, XLEDGER_FIELDS, maps_payments=True) is None
    assert str(why_reimbursements_stay(BOTH, XLEDGER_FIELDS, maps_payments=False)) == (
        "Reimbursements are not exported. To have them booked too, map “Account the money was paid from”."
    )
    unable = "Reimbursements are not exported: this accounting system does not take them from here."
    assert str(why_reimbursements_stay({"expense_claim"}, XLEDGER_FIELDS, maps_payments=True)) == unable
    assert str(why_reimbursements_stay(BOTH, without, maps_payments=True)) == unable
