"""Ids as people see them: a record can be named on a screen, and no two that look the same are both taken in."""

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services.records import Receipt, RecordIntake, check
from tests.builders import make_claim, make_line, make_reimbursement, save_organisation
from tests.fakes import FakeClock

UNSEEN = "This holds only characters that nobody can see."


@pytest.fixture
async def actor(database: Database) -> Actor:
    organisation = await save_organisation(database)
    return Actor(organisation.id, "Expense system", Role.COORDINATOR)


@pytest.fixture
def intake(database: Database, clock: FakeClock) -> RecordIntake:
    return RecordIntake(database, clock)


def results(receipts: list[Receipt]) -> list[str]:
    return [receipt.result.value for receipt in receipts]


@pytest.mark.parametrize(
    "nothing",
    ["\u200b", "\ufeff", "\u200f\u200f", "\xad", "\u3164", "\u2800", "\ufe0f", "\x7f\u00a0", "\u2060"],
)
def test_what_shows_nothing_names_nothing(nothing: str) -> None:
    cases = {
        "id": make_claim(id=nothing),
        "claim_id": make_reimbursement(claim_id=nothing),
        "claimant.id": make_claim(claimant={"id": nothing, "name": "Kari"}),
        "lines.1.category": make_claim(lines=[make_line(category=nothing)]),
    }
    for field, raw in cases.items():
        checked = check(raw)
        assert isinstance(checked, Receipt)
        assert [(reason.field, str(reason.message)) for reason in checked.reasons] == [(field, UNSEEN)]


@pytest.mark.parametrize(
    "alike",
    ["EC-1 Å ", "EC-1  Å", "EC-1\u00a0Å", "EC-1 A\u030a", "EC-1 \u200bÅ", "\ufeffEC-1 Å", "EC-1 Å\u200f"],
)
async def test_a_new_record_whose_id_looks_like_a_stored_one_is_refused(
    intake: RecordIntake, actor: Actor, alike: str
) -> None:
    claim, twin = make_claim(id="EC-1 Å"), make_claim(id=alike)
    other = [make_claim(id="ec-1 å"), make_reimbursement(id=alike)]
    assert results(await intake.receive(actor, [claim, twin, *other])) == [
        "created",
        "rejected",
        "created",
        "created",
    ]
    (refused,) = await intake.receive(actor, [twin])
    assert [reason.field for reason in refused.reasons] == ["id"]
    assert results(await intake.receive(actor, [claim | {"revision": 2}])) == ["updated"]


async def test_ids_with_signs_nobody_sees_are_taken_and_found_while_there_is_no_other_like_them(
    intake: RecordIntake, database: Database, actor: Actor
) -> None:
    ids = ["EC-2   ", "EC-\u200b3", "👩\u200d🦽-4"]
    batch = [make_claim(id=one) for one in ids]
    assert results(await intake.receive(actor, batch)) == ["created"] * 3
    again = [claim | {"revision": 2} for claim in batch]
    assert results(await intake.receive(actor, again)) == ["updated"] * 3
    async with database.read(actor.organisation_id) as unit:
        rows = await unit.records.page(None, 0, 10)
    assert [row.external_id for row in rows] == ids
    assert [row.folded_id for row in rows] == ["ec-2", "ec-3", "👩🦽-4"]
