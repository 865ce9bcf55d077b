"""A voucher in a form of the administrator's own, and what is wrong with a form."""

import json
from decimal import Decimal
from typing import Any

import pytest

from integration_admin.adapters.base import Credentials, Result, Voucher
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.generic_rest.template import parse
from integration_admin.adapters.generic_rest.vouchers import body, encoded, record
from integration_admin.core.errors import Fault, InvalidInput
from integration_admin.core.records import REIMBURSEMENT
from integration_admin.core.secret import Secret
from tests.adapters.generic_rest.ledger import credentials, line, results, settings, voucher
from tests.sandbox.rest import RESTSandbox

JOURNAL = {
    "header": {"externalRef": "{reference}", "postingDate": "{date}", "currency": "{currency}"},
    "source": "import",
    "entries": [
        {
            "account": {"number": "{account:number}"},
            "amount": "{amount:number}",
            "description": "{text:100}",
            "dimensions": [{"type": "project", "value": "{project}"}],
        },
        {
            "account": {"number": "{credit_account:number}"},
            "amount": "{credit_total:number}",
            "description": "Utlegg {record_id}",
        },
    ],
}
"""The form the sandbox's /api/journals takes."""

FORM = json.dumps(JOURNAL, indent=2)
LINES = '"l": [{"a": "{amount}"}]'


def filled(form: str, sent: Voucher) -> Any:
    return json.loads(encoded(sent, parse(form)), parse_float=Decimal)


def own(sandbox: RESTSandbox, **changes: str) -> Credentials:
    usual = {
        "send_path": "/api/journals",
        "details": "own",
        "body": FORM,
        "message_pointer": "/fault/problems/0/text",
        "field_pointer": "/fault/problems/0/at",
    }
    return credentials(sandbox, **(usual | changes))


def test_values_stand_where_the_form_has_their_names() -> None:
    sent = voucher(7, line("412.00", project="P-12", text="Båt"), line("-1.50", account="6800"))
    assert filled(FORM, sent) == {
        "header": {"externalRef": "IAREF7", "postingDate": "2026-11-05", "currency": "NOK"},
        "source": "import",
        "entries": [
            {
                "account": {"number": 7140},
                "amount": Decimal("412.00"),
                "description": "Båt",
                "dimensions": [{"type": "project", "value": "P-12"}],
            },
            {"account": {"number": 6800}, "amount": Decimal("-1.50"), "description": "Tog Oslo-Hamar"},
            {
                "account": {"number": 2910},
                "amount": Decimal("-410.50"),
                "description": "Utlegg EC-2026-7",
            },
        ],
    }


def test_every_value_has_a_name() -> None:
    form = {
        "a": ["{reference}|{number}|{record_id}|{kind}|{date}|{due_date}|{currency}|{total}|{credit_total}"],
        "b": "{credit_account}|{party}|{credit_party}|{document}",
        "n": "{number:number}",
        "l": ["{line_number}|{account}|{amount}|{amount:minor}|{text}|{vat_code}|{cost_centre}|{project}"],
        "m": ["{department}|{line_party}"],
        "x": [True, None, 3, {}, []],
    }
    one = line("0.50", vat_code="13", cost_centre="210", project="P-12", department="D")
    sent = voucher(3, one, party="V-118", posted_date="2026-12-01", due_date="2026-12-15", document="EC-3")
    assert filled(json.dumps(form), sent) == {
        "a": ["IAREF3|3|EC-2026-3|expense_claim|2026-12-01|2026-12-15|NOK|0.50|-0.50"],
        "b": "2910|V-118|V-118|EC-3",
        "n": 3,
        "l": ["1|7140|0.50|50|Tog Oslo-Hamar|13|210|P-12"],
        "m": ["D|"],
        "x": [True, None, 3, {}, []],
    }


def test_a_reimbursements_party_stands_with_its_line() -> None:
    form = '{"r": "{reference}", "c": "{credit_party}", "l": [{"a": "{amount}", "p": "{line_party}"}]}'
    claim = voucher(1, party="V-118")
    assert filled(form, claim) == {"r": "IAREF1", "c": "V-118", "l": [{"a": "412.00"}]}
    paid = claim._replace(kind=REIMBURSEMENT)
    assert filled(form, paid) == {"r": "IAREF1", "l": [{"a": "412.00", "p": "V-118"}]}


def test_what_has_no_value_is_left_out_with_what_only_goes_with_it() -> None:
    form = (
        '{"r": "{reference}", "terms": {"kind": "net", "due": "{due_date}"}, "d": ["{document}"], '
        + LINES
        + "}"
    )
    assert filled(form, voucher(1)) == {"r": "IAREF1", "l": [{"a": "412.00"}]}


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("999999999999.99", "NOK", b"999999999999.99"),
        ("0.10", "NOK", b"0.10"),
        ("0.001", "KWD", b"0.001"),
        ("123456789.123", "BHD", b"123456789.123"),
        ("5", "JPY", b"5"),
        ("-0.07", "NOK", b"-0.07"),
        ("0.00", "NOK", b"0.00"),
    ],
)
def test_a_number_has_just_the_digits_of_the_amount(amount: str, currency: str, written: bytes) -> None:
    form = parse('{"r": "{reference}", "l": [{"a": "{amount:number}", "m": "{amount:minor}"}]}')
    minor = amount.replace(".", "").lstrip("0") or "0"
    minor = minor if not minor.startswith("-") else "-" + minor[1:].lstrip("0")
    expected = b'{"r":"IAREF1","l":[{"a":%b,"m":%b}]}' % (written, minor.encode())
    assert encoded(voucher(1, line(amount, currency)), form) == expected
    whole = body([voucher(1, line(amount, currency))] * 2, as_list=True, list_name="v", template=form)
    assert whole == b'{"v":[%b,%b]}' % (expected, expected)


def test_odd_text_survives_and_no_name_in_it_is_filled_in() -> None:
    odd = 'Ærlig “talt” \u2028 \\ " {amount} {reference}'
    [sent] = filled(
        '{"r": "{reference}", "l": [{"a": "{amount}", "t": "{text}"}]}', voucher(1, line(text=odd))
    )["l"]
    assert sent["t"] == odd


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 100, "x" * 100),
        ("x" * 101, "x" * 99 + "…"),
        ("🚆" * 50, "🚆" * 50),
        ("🚆" * 51, "🚆" * 49 + "…"),
        ("x" + "🚆" * 50, "x" + "🚆" * 49 + "…"),
        ("x" * 97 + "👩🏽\u200d🚀!", "x" * 97 + "👩…"),
    ],
)
def test_an_emoji_in_a_field_of_100_characters_is_cut_whole(text: str, kept: str) -> None:
    [sent, _] = filled(FORM, voucher(1, line(text=text)))["entries"]
    assert sent["description"] == kept
    assert len(kept.encode("utf-16-le")) // 2 <= 100


@pytest.mark.parametrize(
    ("form", "sent", "field", "words"),
    [
        (FORM, voucher(1, line(account="71A")), "account", "“71A” is not a number"),
        (FORM, voucher(1, credit_account="x"), "credit_account", "is not a number"),
        (FORM, voucher(1, line(account="0710")), "account", "“0710” begins with a zero"),
        (FORM, voucher(1, credit_account="00"), "credit_account", "“00” begins with a zero"),
        (FORM, voucher(1, line(account="-01")), "account", "“-01” begins with a zero"),
        (
            '{"r": "{reference}", "p": "{party:5}", "l": [{"a": "{amount}"}]}',
            voucher(1, party="V-1180"),
            "party",
            "“V-1180” is longer than the 5 characters",
        ),
        (
            '{"r": "{reference}", "d": "{date:number}", "l": [{"a": "{amount}"}]}',
            voucher(1),
            "posted_date",
            "is not a number",
        ),
    ],
)
async def test_a_value_that_does_not_fit_is_refused_before_anything_is_sent(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox, form: str, sent: Voucher, field: str, words: str
) -> None:
    good = voucher(2)
    outcomes = await adapter.send(own(sandbox, body=form, batch="2"), [sent])
    assert (await sandbox.stats())["requests"] == 0
    [outcome] = outcomes
    assert (outcome.result, outcome.fault, outcome.field) == (Result.REJECTED, Fault.CONFIG, field)
    assert words in str(outcome.message)
    assert record(good, parse(FORM))["header"]["externalRef"] == "IAREF2"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("[]", "not a JSON object"),
        ("{", "not a JSON object"),
        ('{"a": NaN1}', "not a JSON object"),
        ("{" + '"a":{' * 30 + "}" * 31, "more than 20 levels"),
        ('{"a": ' + "[" * 100_000, "not a JSON object"),
        ('{"l": [{"a": "{amount}"}]}', "Write {reference}"),
        ('{"r": "{reference}"}', "repeated for each line"),
        ('{"r": "{reference}", "a": "{amount}"}', "repeated for each line"),
        ('{"r": "{reference}", "a": "{account}", "l": [{"a": "{amount}"}]}', "repeated for each line"),
        ('{"r": "{reference}", "b": "{bilag}", ' + LINES + "}", "no value called bilag"),
        ('{"r": "{reference}", "b": "{Reference}", ' + LINES + "}", "a bracket"),
        ('{"r": "{reference}", "b": "{text", ' + LINES + "}", "a bracket"),
        ('{"r": "{reference}", "b": "{date:minor}", ' + LINES + "}", "smallest unit, not date"),
        ('{"r": "{reference:24}", ' + LINES + "}", "up to 25 characters, and there is room for 24"),
    ],
)
def test_a_form_that_cannot_work_gets_a_sentence(adapter: GenericRESTAdapter, form: str, words: str) -> None:
    with pytest.raises(InvalidInput) as wrong:
        adapter.target_origin(settings(details="own", body=form))
    assert words in str(wrong.value.fields["body"])


@pytest.mark.parametrize("room", ["25", "36"])
def test_a_field_with_room_for_36_characters_takes_our_reference(room: str) -> None:
    form = '{"r": "{reference:' + room + '}", ' + LINES + "}"
    longest = voucher(1)._replace(reference="A" * 25)
    assert filled(form, longest)["r"] == "A" * 25


async def test_journals_in_a_form_of_their_own_are_booked_once_with_their_dimensions(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    there = own(sandbox)
    sent = voucher(1, line("412.00", project="P-12", text="Tog 🚆" * 30), line("-12.50"), line("0.00"))
    [outcome] = await adapter.send(there, [sent])
    [entry] = await sandbox.ledger()
    assert (outcome.result, outcome.external_id) == (Result.DELIVERED, entry["id"])
    assert (entry["reference"], entry["amount"], entry["balanced"]) == ("IAREF1", "399.50", True)
    assert [part["amount"] for part in entry["lines"]] == ["412.00", "-12.50", "0.00", "-399.50"]
    assert entry["lines"][0]["project"] == "P-12"
    [found] = await adapter.lookup(there, ["IAREF1"])
    assert (found.count, found.external_id) == (1, entry["id"])


async def test_three_decimals_are_booked_as_they_are(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    for form in (FORM, ""):
        path = "/api/journals" if form else "/api/vouchers"
        there = own(sandbox, body=form, send_path=path)
        [outcome] = await adapter.send(there, [voucher(1, line("0.001", "KWD"), line("12.345", "KWD"))])
        assert outcome.result is Result.DELIVERED
    assert {(entry["amount"], entry["currency"]) for entry in await sandbox.ledger()} == {("12.346", "KWD")}


async def test_a_refusal_is_told_in_the_far_sides_words_and_names_our_field(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    form = FORM.replace("{text:100}", "{text}")
    sent = [voucher(1, line(text="🚆" * 51))]
    outcomes = await adapter.send(own(sandbox, body=form), sent)
    assert results(outcomes) == {"IAREF1": Result.REJECTED}
    assert "Longer than 100 characters" in str(outcomes[0].message)
    assert outcomes[0].field == "text"
    assert await sandbox.booked() == []


async def test_the_preview_shows_the_form(adapter: GenericRESTAdapter) -> None:
    shown = adapter.render(voucher(1), settings(details="own", body=FORM))
    assert shown["entries"][0]["account"] == {"number": 7140}
    assert adapter.render(voucher(1), settings())["reference"] == "IAREF1"


async def test_a_form_changed_for_the_worse_since_it_was_stored_sends_nothing(
    adapter: GenericRESTAdapter, sandbox: RESTSandbox
) -> None:
    broken = Credentials(settings(sandbox.url, body="{"), {"api_key": Secret("k")})
    with pytest.raises(Exception, match="not a JSON object"):
        await adapter.send(broken, [voucher(1)])
    assert (await sandbox.stats())["requests"] == 0
