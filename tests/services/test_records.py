"""Records are received once a revision, one by one, and a refusal says why without repeating what was sent."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import NotPermitted
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.data.models import RecordRow
from integration_admin.services.records import Candidate, Receipt, RecordIntake, check
from tests.builders import make_activity, make_claim, make_line, make_reimbursement, save_organisation
from tests.fakes import START, FakeClock

NO_NUMBER = "Write a whole number such as 1, without decimals or quotation marks."


@pytest.fixture
async def actor(database: Database) -> Actor:
    organisation = await save_organisation(database)
    return Actor(organisation.id, "Expense system", Role.COORDINATOR)


@pytest.fixture
def intake(database: Database, clock: FakeClock) -> RecordIntake:
    return RecordIntake(database, clock)


async def stored(database: Database, actor: Actor) -> list[RecordRow]:
    async with database.read(actor.organisation_id) as unit:
        return await unit.records.page(None, 0, 10_000)


def results(receipts: list[Receipt]) -> list[str]:
    return [receipt.result.value for receipt in receipts]


def reasons(raw: Any) -> dict[str, str]:
    checked = check(raw)
    assert isinstance(checked, Receipt)
    return {reason.field: str(reason.message) for reason in checked.reasons}


def content_hash(raw: dict[str, Any]) -> str:
    checked = check(raw)
    assert isinstance(checked, Candidate)
    return checked.content_hash


async def test_every_kind_of_record_is_stored_with_what_is_asked_for_later(
    intake: RecordIntake, database: Database, actor: Actor
) -> None:
    lines = [make_line(1, amount="412.00"), make_line(2, amount="-12.50")]
    batch = [make_claim(lines=lines), make_reimbursement(amount="99.90"), make_activity()]
    assert results(await intake.receive(actor, batch)) == ["created"] * 3
    rows = await stored(database, actor)
    assert [(row.kind, row.status, row.currency, row.amount_minor) for row in rows] == [
        ("expense_claim", "approved", "NOK", 39950),
        ("reimbursement", "paid", "NOK", 9990),
        ("activity", "completed", "", 0),
    ]
    assert [row.external_id for row in rows] == [raw["id"] for raw in batch]
    assert rows[0].payload == batch[0] | {"total": None}
    assert {row.received_at for row in rows} == {START}


async def test_the_same_record_again_is_unchanged(
    intake: RecordIntake, database: Database, actor: Actor, clock: FakeClock
) -> None:
    claim = make_claim()
    await intake.receive(actor, [claim])
    clock.advance(timedelta(days=1))
    assert results(await intake.receive(actor, [claim])) == ["unchanged"]
    assert [row.updated_at for row in await stored(database, actor)] == [START]


async def test_the_order_of_fields_and_those_left_at_their_default_make_no_other_content(
    intake: RecordIntake, actor: Actor
) -> None:
    claim = make_claim()
    turned = dict(reversed(claim.items())) | {"total": None}
    del claim["lines"][0]["kilometres"]
    assert results(await intake.receive(actor, [claim, turned])) == ["created", "unchanged"]


async def test_the_same_revision_with_other_content_is_refused_and_changes_nothing(
    intake: RecordIntake, database: Database, actor: Actor
) -> None:
    claim = make_claim()
    await intake.receive(actor, [claim])
    [receipt] = await intake.receive(actor, [claim | {"purpose": "Something else"}])
    assert (receipt.id, receipt.revision, receipt.result) == (claim["id"], 1, "rejected")
    assert [str(reason.message) for reason in receipt.reasons] == [
        "Revision 1 is already stored with other content."
    ]
    assert [row.payload["purpose"] for row in await stored(database, actor)] == ["Likepersonsamling"]


async def test_a_higher_revision_replaces_and_a_lower_one_is_refused(
    intake: RecordIntake, database: Database, actor: Actor, clock: FakeClock
) -> None:
    claim = make_claim(revision=2)
    await intake.receive(actor, [claim])
    clock.advance(60)
    newer = claim | {"revision": 3, "lines": [make_line(amount="1.00")]}
    assert results(await intake.receive(actor, [newer, claim])) == ["updated", "rejected"]
    [row] = await stored(database, actor)
    assert (row.revision, row.amount_minor) == (3, 100)
    assert row.updated_at - row.received_at == timedelta(seconds=60)


async def test_a_lower_revision_is_told_which_one_is_stored(intake: RecordIntake, actor: Actor) -> None:
    claim = make_claim(revision=5)
    _, receipt = await intake.receive(actor, [claim, claim | {"revision": 4}])
    assert receipt.reasons[0].field == "revision"
    assert str(receipt.reasons[0].message) == "A newer revision, 5, is already stored."


async def test_repeated_records_of_one_request_are_taken_in_order(
    intake: RecordIntake, database: Database, actor: Actor
) -> None:
    first = make_claim()
    other = first | {"purpose": "Other"}
    second = first | {"revision": 2, "status": "paid"}
    batch = [first, first, other, second, first]
    assert results(await intake.receive(actor, batch)) == [
        "created",
        "unchanged",
        "rejected",
        "updated",
        "rejected",
    ]
    assert [(row.revision, row.status) for row in await stored(database, actor)] == [(2, "paid")]


async def test_one_bad_record_never_stops_the_others(
    intake: RecordIntake, database: Database, actor: Actor
) -> None:
    batch = [make_claim(), {"kind": "expense_claim"}, None, 5, "text", [], make_activity(hours="abc")]
    batch += [make_claim(purpose="a\0b"), make_claim(revision=2**31), make_claim()]
    assert results(await intake.receive(actor, batch)) == ["created", *["rejected"] * 8, "created"]
    assert len(await stored(database, actor)) == 2


async def test_a_record_with_the_zero_character_anywhere_is_refused(
    intake: RecordIntake, actor: Actor
) -> None:
    def poisoned(raw: dict[str, Any], *path: Any) -> dict[str, Any]:
        copy = json.loads(json.dumps(raw))
        inner = copy
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = f"{inner[path[-1]] or 'x'}\0"
        return dict(copy)

    claim = make_claim(lines=[make_line(kilometres="1")])
    batch = [
        poisoned(claim, name)
        for name in ("id", "status", "submitted_on", "currency", "department", "project", "purpose")
    ]
    batch += [poisoned(claim, "claimant", name) for name in claim["claimant"]]
    batch += [poisoned(claim, "lines", 0, name) for name in claim["lines"][0] if name != "line"]
    batch += [poisoned(make_reimbursement(), "reference"), poisoned(make_activity(), "category")]
    assert set(results(await intake.receive(actor, batch))) == {"rejected"}


async def test_more_than_a_thousand_records_are_stored_in_several_transactions(
    intake: RecordIntake, database: Database, actor: Actor
) -> None:
    batch = [make_claim() for _ in range(2_003)]
    assert results(await intake.receive(actor, iter(batch))) == ["created"] * 2_003
    assert len(await stored(database, actor)) == 2_003


async def test_categories_in_use_are_remembered_once(
    intake: RecordIntake, database: Database, actor: Actor
) -> None:
    lines = [make_line(1, category="b"), make_line(2, category="a"), make_line(3, category="b")]
    refused = make_claim(lines=[make_line(category="never", amount="1.234")])
    await intake.receive(actor, [make_claim(lines=lines), make_activity(category="c"), refused])
    await intake.receive(actor, [make_claim(lines=lines)])
    async with database.read(actor.organisation_id) as unit:
        assert await unit.records.categories("expense_claim") == ["a", "b"]
        assert await unit.records.categories("activity") == ["c"]


async def test_a_batch_of_very_many_categories_is_stored(
    intake: RecordIntake, database: Database, actor: Actor
) -> None:
    batch = [
        make_claim(lines=[make_line(place, category=f"c.{claim}.{place}") for place in range(1, 401)])
        for claim in range(5)
    ]
    assert results(await intake.receive(actor, batch)) == ["created"] * 5
    async with database.read(actor.organisation_id) as unit:
        assert len(await unit.records.categories("expense_claim")) == 2_000


async def test_two_requests_at_once_store_a_record_once_and_keep_the_newest(
    intake: RecordIntake, database: Database, actor: Actor
) -> None:
    claims = [make_claim() for _ in range(50)]
    requests = [[claim | {"revision": revision} for claim in claims] for revision in (1, 2, 3, 2, 1)]
    answers = await asyncio.gather(*(intake.receive(actor, request) for request in requests))
    created = [receipt for answer in answers for receipt in answer if receipt.result == "created"]
    assert len(created) == 50
    assert {row.revision for row in await stored(database, actor)} == {3}


async def test_organisations_do_not_see_each_others_records(
    intake: RecordIntake, database: Database, actor: Actor
) -> None:
    other = await save_organisation(database)
    claim = make_claim()
    await intake.receive(actor, [claim])
    stranger = Actor(other.id, "Theirs", Role.COORDINATOR)
    assert results(await intake.receive(stranger, [claim])) == ["created"]
    assert len(await stored(database, actor)) == 1


async def test_who_may_only_look_cannot_hand_over_records(
    intake: RecordIntake, database: Database, actor: Actor
) -> None:
    viewer = Actor(actor.organisation_id, "Bob", Role.VIEWER)
    with pytest.raises(NotPermitted):
        await intake.receive(viewer, [make_claim()])
    assert await stored(database, actor) == []


def test_a_refused_record_is_named_by_what_could_be_read_of_it() -> None:
    broken = check(make_claim(id="EC-9", revision=3, status="lost"))
    assert isinstance(broken, Receipt)
    assert (broken.kind, broken.id, broken.revision) == ("expense_claim", "EC-9", 3)


@pytest.mark.parametrize(
    "identity",
    [{"kind": ["x"]}, {"kind": "salary", "id": 7, "revision": "1"}, {"id": "\ud800", "revision": True}],
)
def test_what_could_not_be_read_of_a_refused_record_is_empty(identity: dict[str, Any]) -> None:
    refused = check(identity)
    assert isinstance(refused, Receipt)
    assert (refused.kind, refused.id, refused.revision) == ("", "", None)


@pytest.mark.parametrize(
    ("raw", "field", "sentence"),
    [
        (make_claim(color="red"), "color", "A record has no field of this name."),
        (
            make_claim(status="lost"),
            "status",
            "This must be one of these: 'draft', 'submitted', 'approved', 'paid'.",
        ),
        (
            make_claim(currency="kr"),
            "currency",
            "Write the currency as its three letters (ISO 4217), such as NOK.",
        ),
        (
            make_claim(currency="ABC"),
            "currency",
            "Write the currency as its three letters (ISO 4217), such as NOK.",
        ),
        (make_claim(id=""), "id", "This must not be empty."),
        (make_claim(id=" a"), "id", "This must not begin with a space or hold line breaks."),
        (make_claim(id="x" * 65), "id", "This is longer than 64 characters."),
        (make_claim(id=7), "id", "This must be text in quotation marks."),
        (make_claim(revision=0), "revision", "This must be 1 or more."),
        (make_claim(revision=2**31), "revision", "This must be 2147483647 or less."),
        (make_claim(revision=10**40), "revision", "This must be 2147483647 or less."),
        *(
            (make_claim(revision=value), "revision", NO_NUMBER)
            for value in (True, "1", "two", 1.0, 1.5, None)
        ),
        (make_claim(lines=[make_line() | {"line": "1"}]), "lines.1.line", NO_NUMBER),
        (make_activity(participants=True), "participants", NO_NUMBER),
        (make_claim(submitted_on="5.11.2026"), "submitted_on", "Write the date as 2026-11-05."),
        (make_claim(submitted_on="2026-02-30"), "submitted_on", "Write the date as 2026-11-05."),
        (make_claim(submitted_on=0), "submitted_on", "Write the date as 2026-11-05."),
        (make_claim(approved_on=None), "approved_on", "An approved claim needs the date of its approval."),
        (make_claim(total="1.00"), "total", "The lines do not add up to this total."),
        (make_claim(claimant=None), "claimant", "This must be an object with named fields."),
        (make_claim(lines={}), "lines", "This must be a list."),
        (make_claim(lines=[]), "lines", "This needs at least 1 entry."),
        (make_claim(lines=[make_line()] * 401), "lines", "This has more than 400 entries."),
        (make_claim(lines=[make_line(), make_line()]), "lines", "Two lines have the same number."),
        (make_claim(purpose="a\ud800"), "purpose", "This text holds characters that cannot be stored."),
        (
            make_claim(lines=[make_line(amount="4\ud800")]),
            "lines.1.amount",
            "Write the amount as 412.00, with no more decimals than NOK has.",
        ),
        (
            make_reimbursement(amount="4\udc00"),
            "amount",
            "Write the amount as 412.00, with no more decimals than NOK has.",
        ),
        (
            make_claim(lines=[make_line(description="\udfff")]),
            "lines.1.description",
            "This text holds characters that cannot be stored.",
        ),
        (make_claim(purpose="a\0b"), "purpose", "This text holds characters that cannot be stored."),
        (
            make_claim(lines=[make_line(1), make_line(2, amount=412.1)]),
            "lines.2.amount",
            "Write it in quotation marks, as in “412.00”; a bare number may lose decimals.",
        ),
        (
            make_claim(lines=[make_line(1), make_line(2, amount="412,00")]),
            "lines.2.amount",
            "Write the amount as 412.00, with no more decimals than NOK has.",
        ),
        (
            make_claim(total="1.001"),
            "total",
            "Write the amount as 412.00, with no more decimals than NOK has.",
        ),
        (
            make_reimbursement(amount="NaN"),
            "amount",
            "Write the amount as 412.00, with no more decimals than NOK has.",
        ),
        (
            make_claim(claimant={"id": "V", "name": "N", "bank_account": "86011117948"}),
            "claimant.bank_account",
            "This is not a Norwegian account number: eleven digits, of which the last is a check digit.",
        ),
        (make_activity(hours="-1"), "hours", "The hours must be from 0 to 99,999."),
        (make_activity(hours="abc"), "hours", "Write the number as 3.5."),
        (make_activity(hours="NaN"), "hours", "Write the number as 3.5."),
        ({}, "kind", "A record must say its kind: expense_claim, reimbursement or activity."),
        ({"kind": "salary"}, "kind", "A record must say its kind: expense_claim, reimbursement or activity."),
        ([], "", "This must be an object with named fields."),
    ],
)
def test_each_fault_has_its_own_plain_sentence(raw: Any, field: str, sentence: str) -> None:
    assert reasons(raw) == {field: sentence}


def test_all_missing_fields_are_named_at_once() -> None:
    assert reasons({"kind": "reimbursement"}) == dict.fromkeys(
        ["id", "revision", "claim_id", "paid_on", "currency", "amount", "claimant"], "This field is missing."
    )


def test_a_refusal_never_repeats_what_was_sent() -> None:
    mark = "SECRET-7731"
    spoiled = [
        make_claim(**{name: mark + "\0"}) | {"id": "EC-1"}
        for name in make_claim()
        if name not in {"kind", "id"}
    ]
    spoiled += [make_claim(lines=[make_line() | {name: mark + "\0"}], id="EC-1") for name in make_line()]
    spoiled += [
        make_claim(claimant={"id": "V", "name": "N", "bank_account": mark}),
        make_claim(claimant={"id": mark * 10, "name": "N"}),
        make_reimbursement(amount=mark),
        make_activity(hours=mark),
        {"kind": mark},
        mark,
    ]
    answers = [check(raw) for raw in spoiled]
    assert all(isinstance(answer, Receipt) for answer in answers)
    assert mark not in repr(answers)


def test_a_flood_of_faults_is_answered_with_fifty() -> None:
    refused = check(make_claim(**{f"field_{number}": 1 for number in range(1_000)}))
    assert isinstance(refused, Receipt)
    assert len(refused.reasons) == 50


def test_a_field_name_that_cannot_be_written_out_is_shown_without_it() -> None:
    refused = check(make_claim(**{"a\nb" + "c" * 100: 1}))
    assert isinstance(refused, Receipt)
    assert [reason.field for reason in refused.reasons] == ["a�b" + "c" * 61]


def test_content_is_the_same_whatever_the_order_and_differs_with_every_field() -> None:
    claim = make_claim()
    assert content_hash(claim) == content_hash(dict(reversed(claim.items())))
    others = [
        claim | {"purpose": "x"},
        claim | {"department": None},
        claim | {"lines": [make_line(amount="412.01")]},
        claim | {"claimant": claim["claimant"] | {"email": "other@example.org"}},
    ]
    assert len({content_hash(raw) for raw in [claim, *others]}) == 5
