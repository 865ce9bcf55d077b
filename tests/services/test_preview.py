"""One record before and after: what came in, the entries it becomes, and nothing that is excluded."""

import uuid
from dataclasses import replace

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import NotFound, NotPermitted
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.statuses import Role
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.dry_run_judge import Would
from integration_admin.services.preview import Preview, Previews, SourceValue
from tests.builders import make_claim, make_line, make_reimbursement, save_organisation
from tests.services.conftest import MAPPING, Engine


def previews(engine: Engine) -> Previews:
    return Previews(engine.database, AdapterRegistry({"xledger": engine.adapter}), engine.clock)


async def preview(engine: Engine, integration: uuid.UUID, record: str) -> Preview:
    return await previews(engine).of(engine.actor, integration, record)


def said(values: tuple[SourceValue, ...]) -> dict[str, str | None]:
    return {str(value.label): None if value.excluded else value.value for value in values}


async def test_a_claim_becomes_debits_and_one_credit_with_the_names_of_their_accounts(engine: Engine) -> None:
    integration = await engine.set_up()
    lines = [make_line(), make_line(2, amount="100.00", description="Buss"), make_line(3, amount="-12.50")]
    await engine.records.receive(engine.actor, [make_claim(id="EC-1", lines=lines)])

    found = await preview(engine, integration, "EC-1")

    assert [
        (
            posting.account,
            posting.text,
            posting.debit and posting.debit.decimal(),
            posting.credit and posting.credit.decimal(),
        )
        for posting in found.postings
    ] == [
        ("7140 Reise", "EC-1 Tog Oslo-Hamar", "412.00", None),
        ("7140 Reise", "EC-1 Buss", "100.00", None),
        ("7140 Reise", "EC-1 Tog Oslo-Hamar", None, "12.50"),
        ("2910 Gjeld", "EC-1", None, "499.50"),
    ]
    assert found.entry.would is Would.SEND
    assert said(found.received)["Claimant’s name"] == "Kari Nordmann"
    assert said(found.lines[1].values)["Description of the outlay"] == "Buss"
    assert (found.number, found.numbered) == (1, False)


async def test_what_is_previewed_is_what_is_sent(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    before = await preview(engine, integration, "EC-1")
    await engine.sync(integration)
    (voucher,) = engine.adapter.ledger
    assert before.entry.payload == engine.adapter.render(voucher)
    assert before.entry.reference == voucher.reference
    after = await preview(engine, integration, "EC-1")
    assert after.entry.would is Would.STAY
    assert "exported already" in str(after.entry.reasons[0])
    assert after.numbered


async def test_an_excluded_field_has_no_value_anywhere(engine: Engine) -> None:
    integration = await engine.set_up()
    version = (await engine.configuration.get(engine.actor, integration)).version
    named = MAPPING | {"text": FieldMapping(compose="{id} {claimant.name} {line.description}")}
    await engine.mappings.save(engine.actor, integration, version, named, accept_warnings=True)
    await engine.receive(1)
    assert "Kari Nordmann" in repr(await preview(engine, integration, "EC-1"))
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.integrations.replace_exclusions(integration, frozenset({"claimant", "line.description"}))
    found = await preview(engine, integration, "EC-1")
    assert said(found.received)["Claimant’s name"] is None
    for hidden in ("Kari", "V-118", "86011117947", "kari@example.org", "Tog"):
        assert hidden not in repr(found)


async def test_a_reimbursement_hides_the_account_number_its_reference_is_made_of(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.records.receive(engine.actor, [make_reimbursement(id="RB-1")])
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.integrations.replace_exclusions(integration, frozenset({"claimant.bank_account"}))
    found = await preview(engine, integration, "RB-1")
    assert said(found.received)["Reimbursement number"] == "RB-1"
    assert "86011117947" not in repr(found)
    assert found.entry.would is Would.FAIL


async def test_a_draft_is_shown_as_it_would_be_and_said_to_stay(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.records.receive(engine.actor, [make_claim(id="EC-1", status="draft", approved_on=None)])
    found = await preview(engine, integration, "EC-1")
    assert found.entry.would is Would.STAY
    assert "not approved" in str(found.entry.reasons[0])
    assert found.postings


async def test_what_waits_is_offered_before_what_is_exported(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    await engine.sync(integration)
    await engine.receive(1, first=10)
    await engine.sync(integration)
    await engine.receive(30, first=20)
    offered = await previews(engine).choices(engine.actor, integration)
    assert [choice.record_id for choice in offered[:2]] == ["EC-49", "EC-48"]
    assert len(offered) == 20
    assert all(choice.waiting for choice in offered)


async def test_anothers_records_and_unknown_ones_are_equally_missing(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    other = await save_organisation(engine.database, features=["xledger"])
    stranger = Actor(other.id, "Charlie", Role.ADMINISTRATOR)
    with pytest.raises(NotFound):
        await previews(engine).of(stranger, integration, "EC-1")
    with pytest.raises(NotFound):
        await previews(engine).choices(stranger, integration)
    with pytest.raises(NotFound, match="EC-404"):
        await preview(engine, integration, "EC-404")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.COORDINATOR])
async def test_what_people_wrote_and_their_account_numbers_are_shown_to_administrators_alone(
    engine: Engine, role: Role
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    curious = replace(engine.actor, role=role)
    for asked in (
        previews(engine).of(curious, integration, "EC-1"),
        previews(engine).choices(curious, integration),
    ):
        with pytest.raises(NotPermitted):
            await asked
