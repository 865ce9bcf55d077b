"""A voucher as it goes out over REST."""

import json
from uuid import UUID

import pytest

from integration_admin.adapters.base import Result, Voucher
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.adapters.generic_rest.vouchers import body, encoded, idempotency_key, refusal
from integration_admin.adapters.outbound import OutboundClient
from tests.adapters.generic_rest.ledger import line, voucher
from tests.fakes import FakeClock


def test_a_voucher_is_one_nested_object(clock: FakeClock) -> None:
    full = voucher(
        7,
        line("412.00", vat_code="13", cost_centre="210", project="P-12", department="", text="Båt"),
        line("-1.50"),
        party="V-118",
        posted_date="2026-12-01",
        due_date="2026-12-15",
        document="EC-2026-7",
    )
    expected = {
        "reference": "IAREF7",
        "number": 7,
        "date": "2026-12-01",
        "currency": "NOK",
        "text": "EC-2026-7",
        "credit": {"account": "2910", "party": "V-118"},
        "lines": [
            {
                "account": "7140",
                "amount": "412.00",
                "text": "Båt",
                "vat_code": "13",
                "dimensions": {"cost_centre": "210", "project": "P-12"},
            },
            {"account": "7140", "amount": "-1.50", "text": "Tog Oslo-Hamar"},
        ],
        "due_date": "2026-12-15",
        "document": "EC-2026-7",
    }
    adapter = GenericRESTAdapter(OutboundClient(), clock)
    assert adapter.render(full) == expected
    assert json.loads(encoded(full)) == expected


@pytest.mark.parametrize(("amount", "currency"), [("5", "JPY"), ("0.001", "BHD"), ("999999999999.99", "NOK")])
def test_amounts_have_their_currencys_decimals(amount: str, currency: str) -> None:
    [sent] = json.loads(encoded(voucher(1, line(amount, currency))))["lines"]
    assert sent["amount"] == amount


def test_any_text_survives() -> None:
    odd = 'Ærlig “talt” 🚆 \u2028 \\ " </script>'
    [sent] = json.loads(encoded(voucher(1, line(text=odd))))["lines"]
    assert sent["text"] == odd


def test_a_request_holds_one_object_a_list_or_a_list_in_an_object() -> None:
    two = [voucher(1), voucher(2)]
    assert json.loads(body(two[:1], as_list=False, list_name=""))["reference"] == "IAREF1"
    bare = json.loads(body(two, as_list=True, list_name=""))
    assert [item["reference"] for item in bare] == ["IAREF1", "IAREF2"]
    assert json.loads(body(two, as_list=True, list_name='my "list"')) == {'my "list"': bare}


def test_the_key_against_doubles_is_the_same_at_every_attempt_and_another_for_other_vouchers() -> None:
    assert key(voucher(1)) == key(voucher(1))
    assert key(voucher(1)).startswith("IAREF1-")
    assert key(voucher(1), voucher(2)) == key(voucher(1), voucher(2))
    assert key(voucher(1), voucher(2)) != key(voucher(1), voucher(3))
    longest = voucher(1)._replace(reference="IA2345672345672345672A")
    assert max(len(key(longest)), len(key(longest, voucher(2)))) <= len(str(UUID(int=0)))


def test_a_voucher_that_was_put_right_has_another_key() -> None:
    assert key(voucher(1, line(account="7140"))) != key(voucher(1, line(account="7160")))


def key(*vouchers: Voucher) -> str:
    return idempotency_key(vouchers, body(vouchers, as_list=len(vouchers) > 1, list_name=""))


@pytest.mark.parametrize("field", ["posted_date", "due_date"])
@pytest.mark.parametrize("day", ["5.11.2026", "20261105", "2026-13-01", "soon"])
def test_what_is_no_date_is_refused_before_anything_is_sent(field: str, day: str) -> None:
    outcome = refusal(voucher(1, **{field: day}))
    assert outcome is not None
    assert (outcome.result, outcome.field) == (Result.REJECTED, field)
    assert refusal(voucher(1, **{field: "2026-11-05"})) is None
