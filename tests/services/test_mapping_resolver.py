"""Claims become vouchers by a mapping, whole and to the øre, or are refused with every reason."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_admin.adapters.base import Level, TargetField, Voucher
from integration_admin.core.errors import InvalidInput
from integration_admin.core.mapping import CLAIM_SOURCES, SOURCES, FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.core.records import ExpenseClaim
from integration_admin.services.mapping_plans import used_sources
from integration_admin.services.mapping_resolver import Unresolvable, compile_mapping
from tests.builders import make_claim, make_line

ACCOUNT = TargetField(
    "account", msg("Account"), msg("Where it is booked."), Level.LINE, required=True, reference="accounts"
)
TEXT = TargetField("text", msg("Text"), msg("What it was."), Level.LINE, max_length=20)
TAX = TargetField(
    "tax_rule", msg("VAT code"), msg("The VAT."), Level.LINE, reference="tax_rules", max_length=4
)
PERSON = TargetField("person", msg("Person"), msg("Who."), Level.LINE, required=True)
CREDIT = TargetField(
    "credit_account", msg("Credit"), msg("Owed."), Level.VOUCHER, required=True, reference="accounts"
)
INVOICE = TargetField("invoice_number", msg("Invoice number"), msg("Ours."), Level.VOUCHER)

BY_CATEGORY = FieldMapping(source="line.category", values={"travel.public_transport": "7140"})
PLAIN = {"account": BY_CATEGORY, "credit_account": FieldMapping(constant="2910")}


def claim(**changes: Any) -> ExpenseClaim:
    return ExpenseClaim.model_validate(make_claim(**changes))


def one_line(**changes: Any) -> ExpenseClaim:
    return claim(lines=[make_line(**changes)])


def resolve(
    record: ExpenseClaim,
    mapping: dict[str, FieldMapping],
    *targets: TargetField,
    excluded: frozenset[str] = frozenset(),
) -> Voucher:
    compiled = compile_mapping(mapping, targets or (ACCOUNT, CREDIT), excluded)
    return compiled.resolve(record, reference="IA1042", number=7)


def problems(
    record: ExpenseClaim,
    mapping: dict[str, FieldMapping],
    *targets: TargetField,
    excluded: frozenset[str] = frozenset(),
) -> list[tuple[str, int | None, str]]:
    with pytest.raises(Unresolvable) as refused:
        resolve(record, mapping, *targets, excluded=excluded)
    return [(problem.field, problem.line, str(problem.message)) for problem in refused.value.problems]


def only_text(
    field: FieldMapping, record: ExpenseClaim, excluded: frozenset[str] = frozenset()
) -> str | None:
    voucher = resolve(record, {"text": field}, TEXT, excluded=excluded)
    return voucher.lines[0].fields.get("text")


def test_a_claim_becomes_a_voucher_with_its_reference_number_date_and_lines() -> None:
    record = claim(id="EC-1", lines=[make_line(1, amount="412.00"), make_line(2, amount="-12.50")])
    voucher = resolve(record, PLAIN)
    assert (voucher.reference, voucher.number, voucher.record_id) == ("IA1042", 7, "EC-1")
    assert voucher.date == date(2026, 11, 5)
    assert voucher.fields == {"credit_account": "2910"}
    assert [dict(line.fields) for line in voucher.lines] == [{"account": "7140"}] * 2
    assert [line.amount for line in voucher.lines] == [Money("NOK", 41200), Money("NOK", -1250)]


def test_a_claim_without_an_approval_date_is_dated_by_its_submission() -> None:
    assert resolve(claim(status="submitted", approved_on=None), PLAIN).date == date(2026, 11, 2)


def test_a_claim_without_any_date_is_a_problem() -> None:
    undated = claim(status="draft", approved_on=None, submitted_on=None)
    assert problems(undated, PLAIN) == [
        ("", None, "The claim has neither an approval date nor a submission date.")
    ]


def test_a_category_without_an_account_is_named_at_its_line() -> None:
    record = claim(lines=[make_line(1), make_line(2, category="travel.ferry")])
    assert problems(record, PLAIN) == [("account", 2, "Category “Travel: ferry” has no account yet.")]


def test_every_problem_of_a_claim_is_reported_at_once() -> None:
    record = claim(
        status="draft",
        approved_on=None,
        submitted_on=None,
        lines=[make_line(1, category="a"), make_line(2, category="b")],
    )
    assert len(problems(record, {"account": BY_CATEGORY})) == 4


def test_several_problems_are_counted_for_the_person_and_named_by_field() -> None:
    with pytest.raises(InvalidInput) as refused:
        resolve(claim(lines=[make_line(1, category="a"), make_line(2, category="b")]), PLAIN)
    assert str(refused.value.message) == "2 things keep this claim from being exported."
    assert str(refused.value.fields["account"]) == "Category “A” has no account yet."


def test_the_words_for_the_log_hold_nothing_of_the_claim() -> None:
    with pytest.raises(Unresolvable) as refused:
        resolve(claim(lines=[make_line(category="private.matter")]), PLAIN)
    assert "private.matter" not in refused.value.internal


def test_a_required_field_that_is_not_mapped_is_a_problem() -> None:
    assert problems(claim(), {"account": BY_CATEGORY}) == [
        ("credit_account", None, "“Credit” must be mapped; the accounting system demands it.")
    ]


def test_a_value_map_without_the_value_is_a_problem_on_an_optional_field_too() -> None:
    mapping = {"tax_rule": FieldMapping(source="line.vat_code", values={"25": "1"})}
    assert problems(claim(), mapping, TAX) == [
        ("tax_rule", 1, "“13” has no entry in the value map of “VAT code” yet.")
    ]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"travel ": "7140"}, "7140"),
        ({"travel": "7100", "travel ": "7140"}, "7140"),
        ({"travel": "7100"}, "7100"),
    ],
)
def test_a_value_that_ends_in_a_space_has_its_own_row_in_a_value_map(
    values: dict[str, str], code: str
) -> None:
    mapping = PLAIN | {"account": FieldMapping(source="line.category", values=values)}
    assert resolve(one_line(category="travel "), mapping).lines[0].fields["account"] == code


def test_a_value_map_entry_that_is_empty_leaves_an_optional_field_out() -> None:
    mapping = {"tax_rule": FieldMapping(source="line.vat_code", values={"13": ""})}
    assert resolve(claim(), mapping, TAX).lines[0].fields == {}


def test_a_missing_value_is_a_problem_only_where_the_field_is_required() -> None:
    by_vat = FieldMapping(source="line.vat_code", values={"13": "7140"})
    without = one_line(vat_code=None)
    assert resolve(without, {"tax_rule": by_vat}, TAX).lines[0].fields == {}
    assert problems(without, {"account": by_vat}, ACCOUNT) == [
        ("account", 1, "“Account” cannot be empty, and “VAT code” has no value here.")
    ]


def test_a_constant_that_is_empty_does_not_fill_a_required_field() -> None:
    assert problems(claim(), {"account": FieldMapping(constant="")}, ACCOUNT) == [
        ("account", 1, "“Account” cannot be empty.")
    ]


def test_a_value_map_beside_a_constant_changes_nothing() -> None:
    field = FieldMapping(constant="7140", values={"7140": "9999"})
    assert resolve(claim(), {"account": field}, ACCOUNT).lines[0].fields == {"account": "7140"}


def test_every_source_can_be_read() -> None:
    record = one_line(kilometres="12.5")
    target = TargetField("any", msg("Any"), msg("Any."), Level.LINE)
    read = {
        source: value
        for source in SOURCES
        if (value := resolve(record, {"any": FieldMapping(source=source)}, target).lines[0].fields.get("any"))
    }
    assert read["submitted_on"] == "2026-11-02"
    assert read["claimant.bank_account"] == "86011117947"
    assert read["line.line"] == "1"
    assert read["line.date"] == "2026-11-01"
    assert read["line.kilometres"] == "12.5"
    assert read["claim_id"] == read["id"] == record.id
    assert set(read) == set(SOURCES) - {"paid_on", "reference"}, "those are a reimbursement's alone"


def test_placeholders_are_filled_and_missing_ones_leave_no_gap() -> None:
    field = FieldMapping(compose="{id}  {line.project} {line.description}")
    record = claim(id="EC-1", lines=[make_line(project=None, description="Tog")])
    assert only_text(field, record) == "EC-1 Tog"


@pytest.mark.parametrize("text", ["{0}", "{id.__class__}", "{id!r}", "{id:>9}", "{ id }", "{}", "{claimant}"])
def test_nothing_but_a_field_of_a_claim_is_a_placeholder(text: str) -> None:
    name = text[1:-1]
    assert problems(claim(), {"text": FieldMapping(compose=text)}, TEXT) == [
        ("text", None, f"A claim has no field called “{name}”.")
    ]


@pytest.mark.parametrize("text", ["{", "}", "a } b {", "100 %", "%s", "{{"])
def test_stray_braces_and_signs_stay_as_they_are(text: str) -> None:
    assert only_text(FieldMapping(compose=text), claim()) == text


def test_a_value_with_braces_is_not_read_as_a_placeholder() -> None:
    record = one_line(description="{claimant.email}")
    assert only_text(FieldMapping(compose="{line.description}"), record) == "{claimant.email}"


def test_a_long_text_is_cut_and_says_so() -> None:
    cut = only_text(
        FieldMapping(source="line.description"), one_line(description="Buss til Hamar og tilbake")
    )
    assert cut == "Buss til Hamar og t…"
    assert len(cut) == TEXT.max_length


def test_line_breaks_in_a_text_become_spaces() -> None:
    assert only_text(FieldMapping(source="line.description"), one_line(description="Tog\r\n\tog ferge")) == (
        "Tog og ferge"
    )


def test_a_code_that_is_too_long_is_a_problem_and_is_never_cut() -> None:
    mapping = {"tax_rule": FieldMapping(constant="12345")}
    assert problems(claim(), mapping, TAX) == [
        ("tax_rule", 1, "The value for “VAT code” is longer than the 4 characters it may have.")
    ]


def test_a_field_of_the_voucher_never_takes_a_value_of_a_line() -> None:
    refused = (
        "“Invoice number” is one value for the whole voucher and cannot be read from"
        " “Description of the outlay”, which differs from line to line."
    )
    for field in (FieldMapping(source="line.description"), FieldMapping(compose="{id} {line.description}")):
        assert problems(claim(), {"invoice_number": field}, INVOICE) == [("invoice_number", None, refused)]


def test_a_field_the_accounting_system_does_not_have_is_a_problem() -> None:
    assert problems(claim(), PLAIN | {"acount": BY_CATEGORY}) == [
        ("acount", None, "The accounting system has no field called “acount”.")
    ]


def test_a_source_nobody_knows_is_never_read() -> None:
    smuggled = FieldMapping.model_construct(source="claimant.__class__", values={})
    assert problems(claim(), {"text": smuggled}, TEXT) == [
        ("text", None, "A claim has no field called “claimant.__class__”.")
    ]


def test_lines_of_zero_are_left_out_even_when_nothing_is_mapped_to_them() -> None:
    record = claim(lines=[make_line(1), make_line(2, amount="0.00", category="unmapped")])
    assert len(resolve(record, PLAIN).lines) == 1


@pytest.mark.parametrize(("amounts", "total"), [(["0.00"], "0.00"), (["10.00", "-12.00"], "-2.00")])
def test_a_claim_that_is_not_above_zero_is_a_problem_of_its_own(amounts: list[str], total: str) -> None:
    lines = [make_line(place, amount=amount) for place, amount in enumerate(amounts, 1)]
    assert problems(claim(lines=lines), PLAIN) == [
        ("", None, f"The claim adds up to {total} NOK. Only a claim above zero can be exported.")
    ]


def test_an_excluded_source_is_empty_and_a_required_field_says_why() -> None:
    mapping = {"person": FieldMapping(source="claimant.name")}
    assert problems(claim(), mapping, PERSON, excluded=frozenset({"claimant.name"})) == [
        (
            "person",
            1,
            "“Person” cannot be empty, and “Claimant’s name”, which it is read from, is excluded from what is sent.",
        )
    ]


def test_an_excluded_source_is_empty_in_a_composed_text() -> None:
    field = FieldMapping(compose="{claimant.id} {claimant.name}")
    assert only_text(field, claim(), excluded=frozenset({"claimant.name"})) == "V-118"


def test_excluding_the_claimant_excludes_all_of_the_claimant() -> None:
    field = FieldMapping(compose="x {claimant.id}{claimant.name}{claimant.email}")
    assert only_text(field, claim(), excluded=frozenset({"claimant"})) == "x"


def test_a_value_map_does_not_betray_who_is_missing_from_it() -> None:
    mapping = {"person": FieldMapping(source="claimant.email", values={"x@example.org": "1"})}
    assert problems(claim(), mapping, PERSON) == [
        ("person", 1, "The claimant has no entry in the value map of “Person” yet.")
    ]


amounts = st.lists(
    st.integers(-99_999_999, 99_999_999).map(lambda minor: Money("NOK", minor)), min_size=1, max_size=12
)


@given(amounts)
def test_the_lines_of_a_voucher_add_up_to_the_claim_to_the_ore(given_amounts: list[Money]) -> None:
    lines = [make_line(place, amount=money.decimal()) for place, money in enumerate(given_amounts, 1)]
    record = claim(lines=lines)
    total = sum(money.minor for money in given_amounts)
    if total <= 0:
        assert problems(record, PLAIN)[0][0] == ""
        return
    voucher = resolve(record, PLAIN)
    assert sum(line.amount.minor for line in voucher.lines) == total == record.amount().minor
    assert [line.amount.minor for line in voucher.lines] == [
        money.minor for money in given_amounts if money.minor
    ]


MARKED = {
    "claimant.name": "MARK-NAME",
    "claimant.email": "MARK-EMAIL",
    "claimant.bank_account": "86011117947",
    "department": "MARK-DEPARTMENT",
    "project": "MARK-PROJECT",
    "purpose": "MARK-PURPOSE",
    "line.category": "MARK-CATEGORY",
    "line.description": "MARK-DESCRIPTION",
    "line.vat_code": "MARK-VAT",
    "line.cost_centre": "MARK-CENTRE",
}
WIDE = [
    TargetField(f"{level}_{place}", msg("Field"), msg("Field."), level, max_length=100_000)
    for level in Level
    for place in range(3)
]


def marked_claim() -> ExpenseClaim:
    claimant = {
        "id": "V-118",
        "name": MARKED["claimant.name"],
        "email": MARKED["claimant.email"],
        "bank_account": MARKED["claimant.bank_account"],
    }
    line = make_line(
        category=MARKED["line.category"],
        description=MARKED["line.description"],
        vat_code=MARKED["line.vat_code"],
        cost_centre=MARKED["line.cost_centre"],
        project=None,
    )
    whole = {name: MARKED[name] for name in ("department", "project", "purpose")}
    return claim(claimant=claimant, lines=[line], **whole)


def field_mappings(sources: tuple[str, ...]) -> st.SearchStrategy[FieldMapping]:
    source = st.sampled_from(sources)
    text = st.lists(st.one_of(source.map("{{{}}}".format), st.sampled_from([" ", "}", "a"]))).map("".join)
    return st.one_of(
        source.map(lambda name: FieldMapping(source=name)),
        st.just(FieldMapping(constant="x")),
        text.map(lambda words: FieldMapping(compose=words)),
    )


mappings = st.fixed_dictionaries(
    {},
    optional={
        target.name: field_mappings(CLAIM_SOURCES if target.level is Level.VOUCHER else SOURCES)
        for target in WIDE
    },
)


@given(mappings, st.frozensets(st.sampled_from(sorted(MARKED))))
def test_no_excluded_value_appears_anywhere_in_a_voucher(
    mapping: dict[str, FieldMapping], excluded: frozenset[str]
) -> None:
    compiled = compile_mapping(mapping, WIDE, excluded)
    sent = repr(compiled.resolve(marked_claim(), reference="IA1", number=1))
    used = {source for field in mapping.values() for source in used_sources(field)}
    for source, mark in MARKED.items():
        assert (mark in sent) == (source in used - excluded)
