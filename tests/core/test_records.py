"""The records the expense system hands over: what is read, and what is refused and why."""

import json
from copy import deepcopy
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from integration_admin.core.money import Money
from integration_admin.core.records import RECORD, Activity, ExpenseClaim, Reimbursement, parse_record

CLAIM, REIMBURSEMENT, ACTIVITY = json.loads((Path(__file__).parent / "records.json").read_text())
ALL = [CLAIM, REIMBURSEMENT, ACTIVITY]
GONE = object()


def changed(record: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """Return a copy with the field at "lines.0.amount" replaced, or removed when the value is GONE."""
    copied = deepcopy(record)
    target: Any = copied
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        target = target[step]
    if value is GONE:
        del target[last]
    else:
        target[last] = value
    return copied


def refusal(raw: object) -> str:
    """Return where and why a record is refused; whatever else comes of it fails the test."""
    with pytest.raises(ValidationError) as refused:
        parse_record(raw)
    first = refused.value.errors(include_url=False, include_context=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def test_the_documented_records_are_read() -> None:
    claim, reimbursement, activity = map(parse_record, ALL)
    assert isinstance(claim, ExpenseClaim)
    assert claim.amount() == Money("NOK", 41200)
    assert claim.lines[0].date == date(2026, 11, 1)
    assert isinstance(reimbursement, Reimbursement)
    assert reimbursement.paid_on == date(2026, 11, 8)
    assert isinstance(activity, Activity)
    assert activity.participants == 14


@pytest.mark.parametrize("record", ALL, ids=lambda record: record["kind"])
def test_a_record_survives_json(record: dict[str, Any]) -> None:
    parsed = parse_record(json.loads(json.dumps(record)))
    assert parse_record(json.loads(parsed.model_dump_json())) == parsed
    assert json.loads(parsed.model_dump_json(exclude_unset=True)) == record


def test_what_may_be_left_out_has_its_default() -> None:
    claim = {"kind": "expense_claim", "id": "1", "revision": 1, "status": "draft", "currency": "NOK"}
    line = {"line": 1, "date": "2026-11-01", "category": "x", "amount": "1"}
    parsed = parse_record({**claim, "claimant": {"id": "1", "name": ""}, "lines": [line]})
    assert (parsed.submitted_on, parsed.department, parsed.purpose, parsed.total) == (None, None, "", None)
    assert (parsed.lines[0].description, parsed.lines[0].kilometres) == ("", None)
    activity = {name: ACTIVITY[name] for name in ("kind", "id", "revision", "status", "date", "category")}
    assert (parse_record(activity).participants, parse_record(activity).hours) == (0, "0")


@pytest.mark.parametrize(
    ("record", "path"),
    [
        (record, name)
        for record in ALL
        for name in record
        if name
        not in {
            "kind",
            "submitted_on",
            "department",
            "project",
            "purpose",
            "reference",
            "participants",
            "hours",
        }
    ],
    ids=lambda part: part if isinstance(part, str) else part["kind"],
)
def test_a_required_field_that_is_missing_is_named(record: dict[str, Any], path: str) -> None:
    assert path in refusal(changed(record, path, GONE))


@pytest.mark.parametrize("path", ["extra", "claimant.extra", "lines.0.extra"])
def test_an_unknown_field_is_refused_by_name(path: str) -> None:
    assert refusal(changed(CLAIM, path, 1)).startswith(f"expense_claim.{path}: Extra inputs")


@pytest.mark.parametrize(
    "raw", [None, [], [CLAIM], "x", 1, {}, {"kind": "invoice"}, {"kind": ["activity"]}, {"kind": None}]
)
def test_what_is_no_known_record_is_refused(raw: object) -> None:
    assert refusal(raw)


@pytest.mark.parametrize("value", [412, 412.0, 0, True, float("nan"), None, ["412.00"]])
@pytest.mark.parametrize(
    ("record", "path"), [(CLAIM, "lines.0.amount"), (REIMBURSEMENT, "amount"), (ACTIVITY, "hours")]
)
def test_an_amount_that_is_not_a_string_is_refused(record: dict[str, Any], path: str, value: object) -> None:
    sentence = refusal(changed(record, path, value))
    assert path in sentence
    if isinstance(value, (int, float)):
        assert "decimal string" in sentence


@pytest.mark.parametrize("value", ["", "abc", "1,00", "1e3", "1.001", "NaN", "\u0664", "1" * 13, " 1"])
@pytest.mark.parametrize(("record", "path"), [(CLAIM, "lines.0.amount"), (REIMBURSEMENT, "amount")])
def test_an_amount_that_is_no_money_is_refused(record: dict[str, Any], path: str, value: str) -> None:
    assert refusal(changed(record, path, value)).startswith(record["kind"])


@pytest.mark.parametrize(
    "value", ["", "abc", "NaN", "Infinity", "1e4", "1_0", " 3", "\u0663", "1,5", "9" * 7]
)
@pytest.mark.parametrize(("record", "path"), [(ACTIVITY, "hours"), (CLAIM, "lines.0.kilometres")])
def test_hours_and_kilometres_are_plain_decimals(record: dict[str, Any], path: str, value: str) -> None:
    assert refusal(changed(record, path, value)).endswith('must be a decimal string such as "3.5"')


def test_hours_are_never_negative_nor_absurd() -> None:
    for hours in ("-1", "100000"):
        assert "hours is out of range" in refusal(changed(ACTIVITY, "hours", hours))
    assert parse_record(changed(ACTIVITY, "hours", "99999.999")).hours == "99999.999"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "5.11.2026",
        "2026-13-01",
        "2026-02-30",
        "2026-11-01T00:00:00Z",
        "20261101",
        "0",
        0,
        86400,
        1.0,
        True,
        "\u0661970-01-01",
    ],
)
@pytest.mark.parametrize(
    ("record", "path"),
    [(CLAIM, "approved_on"), (CLAIM, "lines.0.date"), (REIMBURSEMENT, "paid_on"), (ACTIVITY, "date")],
)
def test_a_date_is_a_calendar_date_and_no_number_or_time(
    record: dict[str, Any], path: str, value: object
) -> None:
    assert path in refusal(changed(record, path, value))


def test_dates_already_decoded_are_accepted_without_a_time_of_day() -> None:
    assert parse_record(changed(ACTIVITY, "date", date(2028, 2, 29))).date == date(2028, 2, 29)
    assert "date" in refusal(changed(ACTIVITY, "date", datetime(2028, 2, 29, 12)))  # noqa: DTZ001, a time is what is refused


@pytest.mark.parametrize("value", ["", " a", "\ta", "a\nb", "a\0", "x" * 65, 7, None])
@pytest.mark.parametrize("path", ["id", "claimant.id", "lines.0.category"])
def test_an_identifier_is_a_short_text_without_control_characters(path: str, value: object) -> None:
    assert path in refusal(changed(CLAIM, path, value))


@pytest.mark.parametrize(
    ("record", "path", "longest"),
    [
        (CLAIM, "purpose", 200),
        (CLAIM, "department", 32),
        (CLAIM, "project", 32),
        (CLAIM, "claimant.name", 200),
        (CLAIM, "claimant.email", 200),
        (CLAIM, "lines.0.description", 200),
        (CLAIM, "lines.0.vat_code", 16),
        (CLAIM, "lines.0.cost_centre", 32),
        (CLAIM, "lines.0.project", 32),
        (REIMBURSEMENT, "reference", 64),
    ],
)
def test_a_text_has_a_longest_length_and_no_zero_character(
    record: dict[str, Any], path: str, longest: int
) -> None:
    for text in ("å" * longest, "two\nlines", "🔑"):
        assert parse_record(changed(record, path, text))
    assert path in refusal(changed(record, path, "å" * (longest + 1)))
    assert "zero character" in refusal(changed(record, path, "a\0b"))


@pytest.mark.parametrize("value", [0, -1, 2**31, 2**70, 1.0, 1.5, "x", "1", True, None])
@pytest.mark.parametrize("record", ALL, ids=lambda record: record["kind"])
def test_a_revision_is_a_counting_number_a_database_can_hold(record: dict[str, Any], value: object) -> None:
    assert "revision" in refusal(changed(record, "revision", value))
    assert parse_record(changed(record, "revision", 2**31 - 1)).revision == 2**31 - 1


@pytest.mark.parametrize("value", [-1, 2**31, "many", "14", 14.0, True])
def test_participants_are_counted(value: object) -> None:
    assert "participants" in refusal(changed(ACTIVITY, "participants", value))


@pytest.mark.parametrize("value", ["nok", "NO", "NOKK", "", "ZZZ", "NOK\n", None])
@pytest.mark.parametrize("record", [CLAIM, REIMBURSEMENT], ids=lambda record: record["kind"])
def test_a_currency_is_an_iso_code(record: dict[str, Any], value: object) -> None:
    assert refusal(changed(record, "currency", value))


@pytest.mark.parametrize(
    "value", ["86011117948", "8601111794", "x", "", "8" * 11 + " " * 1_000, "86011117947\0"]
)
def test_a_wrong_account_number_is_refused_without_being_repeated(value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        parse_record(changed(CLAIM, "claimant.bank_account", value))
    assert "bank_account" in str(refused.value)
    assert len(value) < 8 or value not in str(refused.value)


def test_an_account_number_may_be_spaced_or_left_out() -> None:
    for value in ("8601.11.17947", "8601 11 17947", "8601.00.17940", None):
        parsed = parse_record(changed(CLAIM, "claimant.bank_account", value))
        assert parsed.claimant.bank_account == value


@pytest.mark.parametrize("status", ["Approved", "rejected", "", None, 1])
@pytest.mark.parametrize("record", [CLAIM, ACTIVITY], ids=lambda record: record["kind"])
def test_an_unknown_status_is_refused(record: dict[str, Any], status: object) -> None:
    assert "status" in refusal(changed(record, "status", status))


@pytest.mark.parametrize(
    ("status", "needs_date"), [("draft", False), ("submitted", False), ("approved", True), ("paid", True)]
)
def test_only_an_approved_claim_needs_the_day_it_was_approved(status: str, *, needs_date: bool) -> None:
    raw = changed(changed(CLAIM, "status", status), "approved_on", None)
    if needs_date:
        assert "approved_on is missing" in refusal(raw)
    else:
        assert parse_record(raw).approved_on is None


@pytest.mark.parametrize("number", [0, -1, 10_001, 1.0, 1.5, "x", "1", True])
def test_a_line_number_is_from_1_to_10000(number: object) -> None:
    assert "line" in refusal(changed(CLAIM, "lines.0.line", number))


def test_a_record_cannot_be_changed_once_read() -> None:
    claim = parse_record(CLAIM)
    for target, name in ((claim, "status"), (claim.lines[0], "amount"), (claim.claimant, "bank_account")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(target, name, "x")


def test_a_refusal_never_repeats_what_was_sent() -> None:
    with pytest.raises(ValidationError) as refused:
        parse_record(changed(CLAIM, "claimant.name", {"FAKE-name": "FAKE-value"}))
    assert "FAKE" not in str(refused.value)


def test_the_shapes_can_be_described_in_openapi() -> None:
    schema = RECORD.json_schema()
    assert set(schema["discriminator"]["mapping"]) == {"expense_claim", "reimbursement", "activity"}
    assert schema["$defs"]["ClaimLine"]["properties"]["date"]["format"] == "date"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
places = st.sampled_from(
    [(record, name) for record in ALL for name in record]
    + [(CLAIM, f"lines.0.{name}") for name in CLAIM["lines"][0]]
    + [(CLAIM, f"claimant.{name}") for name in CLAIM["claimant"]]
)


@given(places, json_values)
def test_whatever_json_stands_in_a_field_the_record_is_read_or_refused(
    place: tuple[dict[str, Any], str], value: object
) -> None:
    record, path = place
    try:
        parsed = parse_record(changed(record, path, value))
    except ValidationError:
        return
    assert parse_record(json.loads(parsed.model_dump_json())) == parsed
