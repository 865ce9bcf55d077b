"""Builders of the things tests are about: each is complete and valid, and any field can be changed by name.

`make_*` only builds; `save_*` also stores. Alice administers an organisation in which Bob may look;
Charlie belongs to another one.
"""

import hashlib
import itertools
import json
import uuid
from typing import Any

from integration_admin.core.records import ExpenseClaim, Reimbursement, parse_record
from integration_admin.core.search_words import search_words
from integration_admin.core.statuses import IntegrationState, Role
from integration_admin.data.database import Database
from integration_admin.data.models import Integration, Organisation, RecordRow, Run
from integration_admin.data.models_access import Member
from tests.fakes import START

_ROLES = {"alice": Role.ADMINISTRATOR, "bob": Role.VIEWER, "charlie": Role.ADMINISTRATOR}


class Numbers:
    """What tells the things of a test apart, the same whatever ran before it."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin with 1."""
        self._counted = itertools.count(1)

    def __next__(self) -> int:
        return next(self._counted)


numbers = Numbers()


def make_organisation(**changes: Any) -> Organisation:
    """Build an organisation that may use every type of integration."""
    values: dict[str, Any] = {
        "id": uuid.uuid4(),
        "name": f"Organisation {next(numbers)}",
        "organisation_number": "974760673",
        "time_zone": "Europe/Oslo",
        "language": "en",
        "features": ["xledger", "dynamics_bc", "dynamics_fo", "generic_rest"],
        "created_at": START,
    }
    return Organisation(**(values | changes))


def make_member(name: str = "Alice", **changes: Any) -> Member:
    """Build a member; Alice and Charlie administer, Bob looks, others coordinate."""
    values: dict[str, Any] = {
        "id": uuid.uuid4(),
        "email": f"{name.lower()}.{next(numbers)}@example.org",
        "name": name,
        "role": _ROLES.get(name.lower(), Role.COORDINATOR),
        "password_hash": "not a hash, nobody signs in with it",
        "created_at": START,
    }
    return Member(**(values | changes))


def make_integration(**changes: Any) -> Integration:
    """Build a saved and active integration with a REST API on loopback."""
    values: dict[str, Any] = {
        "id": uuid.uuid4(),
        "kind": "generic_rest",
        "name": f"Accounting {next(numbers)}",
        "state": IntegrationState.ACTIVE,
        "step": "review",
        "settings": {"endpoint": "http://127.0.0.1:9103/"},
        "target_origin": "http://127.0.0.1:9103",
        "created_by": "Alice",
        "created_at": START,
        "updated_at": START,
    }
    return Integration(**(values | changes))


def make_run(integration_id: uuid.UUID, **changes: Any) -> Run:
    """Build a queued run that Alice asked for."""
    values: dict[str, Any] = {
        "id": uuid.uuid4(),
        "integration_id": integration_id,
        "trigger": "manual",
        "started_by": "Alice",
        "requested_at": START,
        "sums": {},
    }
    return Run(**(values | changes))


def make_line(line: int = 1, **changes: Any) -> dict[str, Any]:
    """Build one line of a claim, as record JSON."""
    values: dict[str, Any] = {
        "line": line,
        "date": "2026-11-01",
        "category": "travel.public_transport",
        "description": "Tog Oslo-Hamar",
        "amount": "412.00",
        "vat_code": "13",
        "cost_centre": "210",
        "project": "P-12",
        "kilometres": None,
    }
    return values | changes


def make_claim(**changes: Any) -> dict[str, Any]:
    """Build an approved claim of one line with an id of its own, as record JSON."""
    values: dict[str, Any] = {
        "kind": "expense_claim",
        "id": f"EC-2026-{next(numbers):04}",
        "revision": 1,
        "status": "approved",
        "submitted_on": "2026-11-02",
        "approved_on": "2026-11-05",
        "currency": "NOK",
        "claimant": {
            "id": "V-118",
            "name": "Kari Nordmann",
            "email": "kari@example.org",
            "bank_account": "86011117947",
        },
        "department": "210",
        "project": "P-12",
        "purpose": "Likepersonsamling",
        "lines": [make_line()],
    }
    return values | changes


def make_reimbursement(**changes: Any) -> dict[str, Any]:
    """Build a reimbursement with an id of its own, as record JSON."""
    values: dict[str, Any] = {
        "kind": "reimbursement",
        "id": f"RB-2026-{next(numbers):04}",
        "revision": 1,
        "claim_id": "EC-2026-1042",
        "paid_on": "2026-11-08",
        "currency": "NOK",
        "amount": "412.00",
        "claimant": {"id": "V-118", "name": "Kari Nordmann"},
        "reference": "86011117947-311",
    }
    return values | changes


def make_activity(**changes: Any) -> dict[str, Any]:
    """Build a completed activity with an id of its own, as record JSON."""
    values: dict[str, Any] = {
        "kind": "activity",
        "id": f"AC-2026-{next(numbers):04}",
        "revision": 1,
        "status": "completed",
        "date": "2026-11-01",
        "category": "peer_support",
        "participants": 14,
        "hours": "3.5",
    }
    return values | changes


def make_record(payload: dict[str, Any] | None = None, **changes: Any) -> RecordRow:
    """Build the stored form of `payload` (record JSON; a new claim when none is given)."""
    payload = make_claim() if payload is None else payload
    record = parse_record(payload)
    values: dict[str, Any] = {
        "kind": record.kind,
        "external_id": record.id,
        "revision": record.revision,
        "status": getattr(record, "status", "paid"),
        "payload": payload,
        "content_hash": hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest(),
        "received_at": START,
        "updated_at": START,
    }
    return RecordRow(**(values | search_words(record.id, payload)._asdict() | _amount(record) | changes))


async def save_organisation(database: Database, *members: Member, **changes: Any) -> Organisation:
    """Store a new organisation with `members`."""
    organisation = make_organisation(**changes)
    async with database.system(writes=True) as system:
        await system.add_organisation(organisation)
    async with database.write(organisation.id) as unit:
        for member in members:
            await unit.organisations.add_member(member)
    return organisation


async def save_integration(database: Database, organisation_id: uuid.UUID, **changes: Any) -> Integration:
    """Store a new integration."""
    integration = make_integration(**changes)
    async with database.write(organisation_id) as unit:
        await unit.integrations.add(integration)
    return integration


async def save_records(
    database: Database, organisation_id: uuid.UUID, *payloads: dict[str, Any]
) -> list[RecordRow]:
    """Store records given as record JSON."""
    rows = [make_record(payload) for payload in payloads]
    async with database.write(organisation_id) as unit:
        await unit.records.add(rows)
    return rows


async def save_run(
    database: Database, organisation_id: uuid.UUID, integration_id: uuid.UUID, **changes: Any
) -> Run:
    """Store a new run."""
    run = make_run(integration_id, **changes)
    async with database.write(organisation_id) as unit:
        await unit.runs.add(run)
    return run


def _amount(record: Any) -> dict[str, Any]:
    if isinstance(record, ExpenseClaim):
        return {"currency": record.currency, "amount_minor": record.amount().minor}
    if isinstance(record, Reimbursement):
        return {"currency": record.currency, "amount_minor": int(record.amount.replace(".", ""))}
    return {}
