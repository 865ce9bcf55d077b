"""What people may see of the body a record is sent as."""

import json
import uuid
from typing import Any

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role
from integration_admin.services.visible_records import body_visible_to
from tests.builders import make_claim, make_reimbursement

COORDINATOR = Actor(uuid.uuid4(), "Bob", Role.COORDINATOR)
ADMINISTRATOR = Actor(uuid.uuid4(), "Alice", Role.ADMINISTRATOR)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("86011117947", "***"),
        ("8601.11.17947", "***"),
        ("Paid to 8601 11 17947, Kari", "Paid to ***, Kari"),
        ("Kari@Example.org", "***"),
        ("kari.nordmann@example.org", "kari.nordmann@example.org"),
        ("412.00", "412.00"),
    ],
)
def test_a_number_or_an_address_is_found_however_it_is_written(written: str, seen: str) -> None:
    body = {"lines": [{"text": written, "amount": 41200}], "rows": ({"to": written},), "paid": None}
    shown = body_visible_to(COORDINATOR, body, json.dumps(make_claim()))
    assert shown == {"lines": [{"text": seen, "amount": 41200}], "rows": [{"to": seen}], "paid": None}
    assert body_visible_to(ADMINISTRATOR, body, json.dumps(make_claim())) is body


def test_an_account_number_the_expense_system_wrote_with_full_stops_is_found_without(
    claimant: dict[str, Any],
) -> None:
    record = json.dumps(make_reimbursement(claimant=claimant | {"bank_account": "8601.11.17947"}))
    assert body_visible_to(COORDINATOR, {"to": "86011117947"}, record) == {"to": "***"}


@pytest.mark.parametrize("account", ["86011117947", "0530.06.20002"])
def test_an_account_number_that_is_written_as_a_number_is_found_too(
    account: str, claimant: dict[str, Any]
) -> None:
    record = json.dumps(make_reimbursement(claimant=claimant | {"bank_account": account}))
    body = {"to": int(account.replace(".", "")), "amount": 41200}
    assert body_visible_to(COORDINATOR, body, record) == {"to": "***", "amount": 41200}


def test_a_claimant_without_either_leaves_the_body_as_it_is(claimant: dict[str, Any]) -> None:
    body = {"to": "86011117947"}
    assert body_visible_to(COORDINATOR, body, json.dumps(make_claim(claimant=claimant))) == body


@pytest.fixture
def claimant() -> dict[str, Any]:
    return {"id": "V-118", "name": "Kari Nordmann"}
