"""Storing and testing credentials: an integration that has exported stays with the ledger it exported to."""

import uuid

import pytest

from integration_admin.adapters.base import Connection, Credentials, Option
from integration_admin.core.errors import AdapterError, Conflict, Fault, InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.statuses import IntegrationState
from integration_admin.services.configuration import IntegrationView
from tests.services.conftest import Engine

ELSEWHERE = {"address": "https://another.example", "token": "a-token-for-there"}
COMPANIES = {"address": (Option("7", "Fake AS"), Option("8", "Another AS"))}
UNDECIDED = {"address": msg("Choose a company.")}


async def view_of(engine: Engine, integration: uuid.UUID) -> IntegrationView:
    return await engine.configuration.get(engine.actor, integration)


async def store(engine: Engine, integration: uuid.UUID, typed: dict[str, str]) -> None:
    version = (await view_of(engine, integration)).version
    await engine.credentials.store(engine.actor, integration, version, typed)


async def test_an_integration_that_has_exported_keeps_its_address(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.receive(2)
    await engine.sync(integration)
    with pytest.raises(Conflict) as caught:
        await store(engine, integration, ELSEWHERE)
    assert "Set up a new integration" in str(caught.value.message)
    assert (await view_of(engine, integration)).tested_at is not None


async def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_form(engine: Engine) -> None:
    integration = await engine.configuration.begin(engine.actor, "xledger")
    with pytest.raises(InvalidInput) as caught:
        await store(engine, integration, {"address": "https://a\n.example"})
    assert list(caught.value.fields) == ["address", "token"]


async def test_a_changed_address_asks_for_the_secret_again_and_until_then_nothing_has_changed(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    with pytest.raises(InvalidInput) as caught:
        await store(engine, integration, {"address": ELSEWHERE["address"]})
    assert list(caught.value.fields) == ["token"]
    assert (await engine.credentials.test(engine.actor, integration)).passed


async def test_an_integration_that_has_exported_nothing_may_move(engine: Engine) -> None:
    integration = await engine.set_up()
    await store(engine, integration, ELSEWHERE)
    assert (await engine.credentials.test(engine.actor, integration)).passed
    assert (await view_of(engine, integration)).state is IntegrationState.ACTIVE


async def test_a_test_that_reaches_another_company_stops_an_integration_that_has_exported(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    await engine.sync(integration)
    await store(engine, integration, {"token": "of-another-company"})
    engine.adapter.connect = lambda _: Connection("Another AS")
    report = await engine.credentials.test(engine.actor, integration)
    assert not report.passed
    assert str(report.message) == (
        "These credentials reach Another AS, but this integration has exported to Fake AS. "
        "Use credentials for Fake AS, or set up a new integration."
    )
    view = await view_of(engine, integration)
    assert (view.state, view.tested_at, view.tested_entity) == (IntegrationState.STOPPED, None, "Fake AS")
    assert view.stop_message == report.message
    await engine.receive(1, first=2)
    engine.clock.advance(86_400)
    await engine.scheduler.tick()
    await engine.work_off()
    assert len(engine.adapter.ledger) == 1

    engine.adapter.connect = lambda _: Connection("Fake AS")
    assert (await engine.credentials.test(engine.actor, integration)).passed
    assert (await view_of(engine, integration)).state is IntegrationState.ACTIVE


async def test_an_integration_may_not_move_to_a_company_another_one_exports_to(engine: Engine) -> None:
    await engine.set_up()
    works, engine.adapter.connect = engine.adapter.connect, lambda _: Connection("Another AS")
    second = await engine.set_up()
    engine.adapter.connect = works
    report = await engine.credentials.test(engine.actor, second)
    assert not report.passed
    assert "“Regnskap” exports to Fake AS already" in str(report.message)
    assert (await view_of(engine, second)).state is IntegrationState.STOPPED


async def test_nothing_is_exported_with_new_credentials_before_they_are_tested(engine: Engine) -> None:
    integration = await engine.set_up()
    await store(engine, integration, {"token": "never-tested"})
    assert (await view_of(engine, integration)).state is IntegrationState.STOPPED
    assert (await engine.credentials.test(engine.actor, integration)).passed
    assert (await view_of(engine, integration)).state is IntegrationState.ACTIVE


async def test_a_failed_test_keeps_the_company_that_was_reached_before(engine: Engine) -> None:
    def down(_: Credentials) -> Connection:
        raise AdapterError(msg("Down."), Fault.UPSTREAM)

    integration = await engine.set_up()
    engine.adapter.connect = down
    await engine.credentials.test(engine.actor, integration)
    view = await view_of(engine, integration)
    assert (view.state, view.tested_at, view.tested_entity) == (IntegrationState.ACTIVE, None, "Fake AS")


async def test_a_test_says_nothing_about_credentials_stored_while_it_ran(engine: Engine) -> None:
    integration = await engine.set_up()

    async def slow(_: Credentials) -> Connection:
        await store(engine, integration, ELSEWHERE)
        return Connection("Old AS")

    engine.adapter.test_connection = slow  # type: ignore[method-assign]  # this test's own far side
    report = await engine.credentials.test(engine.actor, integration)
    assert not report.passed
    assert str(report.message) == "The settings were changed while the test ran. Test the connection again."
    view = await view_of(engine, integration)
    assert (view.state, view.tested_at, view.tested_entity) == (IntegrationState.STOPPED, None, "Fake AS")


async def test_the_lists_of_an_address_that_was_left_are_forgotten(engine: Engine) -> None:
    integration = await engine.set_up()
    assert (await engine.mappings.editor(engine.actor, integration)).reference_counts == {"accounts": 3}
    await store(engine, integration, ELSEWHERE)
    assert (await engine.mappings.editor(engine.actor, integration)).reference_counts == {}


async def test_the_lists_of_a_company_that_was_left_are_forgotten(engine: Engine) -> None:
    integration = await engine.set_up()
    await engine.credentials.test(engine.actor, integration)
    assert (await engine.mappings.editor(engine.actor, integration)).reference_counts == {"accounts": 3}
    engine.adapter.connect = lambda _: Connection("Another AS")
    assert (await engine.credentials.test(engine.actor, integration)).passed
    assert (await engine.mappings.editor(engine.actor, integration)).reference_counts == {}


async def test_a_company_that_was_renamed_is_still_the_same_one_by_its_id(engine: Engine) -> None:
    engine.adapter.connect = lambda _: Connection("Fake AS", entity_id="7")
    integration = await engine.set_up()
    await engine.receive(1)
    await engine.sync(integration)
    engine.adapter.connect = lambda _: Connection("Renamed AS", entity_id="7")
    assert (await engine.credentials.test(engine.actor, integration)).passed
    assert (await view_of(engine, integration)).tested_entity == "Renamed AS"
    assert (await engine.mappings.editor(engine.actor, integration)).reference_counts == {"accounts": 3}


async def test_another_company_of_the_same_name_is_another_company(engine: Engine) -> None:
    engine.adapter.connect = lambda _: Connection("Fake AS", entity_id="7")
    integration = await engine.set_up()
    await engine.receive(1)
    await engine.sync(integration)
    engine.adapter.connect = lambda _: Connection("Fake AS", entity_id="8")
    assert not (await engine.credentials.test(engine.actor, integration)).passed
    assert (await view_of(engine, integration)).state is IntegrationState.STOPPED


async def test_a_company_tested_before_ids_were_kept_is_known_by_its_name_and_gets_its_id(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    await engine.sync(integration)
    engine.adapter.connect = lambda _: Connection("Fake AS", entity_id="7")
    assert (await engine.credentials.test(engine.actor, integration)).passed
    engine.adapter.connect = lambda _: Connection("Renamed AS", entity_id="7")
    assert (await engine.credentials.test(engine.actor, integration)).passed


async def test_two_integrations_may_not_share_a_company_under_two_names(engine: Engine) -> None:
    engine.adapter.connect = lambda _: Connection("Fake AS", entity_id="7")
    await engine.set_up()
    engine.adapter.connect = lambda _: Connection("Renamed AS", entity_id="7")
    with pytest.raises(Conflict) as caught:
        await engine.set_up()
    assert "exports to Fake AS already" in str(caught.value.message)


async def test_a_test_that_leaves_a_choice_to_make_does_not_pass_and_lists_what_there_is(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    engine.adapter.connect = lambda _: Connection("", found=COMPANIES, undecided=UNDECIDED)
    report = await engine.credentials.test(engine.actor, integration)
    assert (report.passed, report.undecided, report.found) == (False, ("address",), COMPANIES)
    assert report.message == UNDECIDED["address"]
    view = await view_of(engine, integration)
    # As with any test that does not pass: nothing is stopped, and whom it reached before is kept.
    assert (view.state, view.tested_at, view.tested_entity) == (IntegrationState.ACTIVE, None, "Fake AS")


async def test_a_passed_test_lists_what_else_there_is(engine: Engine) -> None:
    integration = await engine.set_up()
    engine.adapter.connect = lambda _: Connection("Fake AS", found=COMPANIES)
    report = await engine.credentials.test(engine.actor, integration)
    assert (report.passed, report.undecided, report.found) == (True, (), COMPANIES)


async def test_a_company_that_may_not_be_moved_to_is_refused_with_the_list_it_was_chosen_from(
    engine: Engine,
) -> None:
    integration = await engine.set_up()
    await engine.receive(1)
    await engine.sync(integration)
    engine.adapter.connect = lambda _: Connection("Another AS", found=COMPANIES)
    report = await engine.credentials.test(engine.actor, integration)
    assert (report.passed, report.found) == (False, COMPANIES)


async def test_a_stored_id_that_was_tested_is_named_in_the_form(engine: Engine) -> None:
    integration = await engine.set_up()
    reached = "https://fake.example"
    engine.adapter.connect = lambda _: Connection("Fake AS", entity_id=reached)
    await engine.credentials.test(engine.actor, integration)
    form = await engine.credentials.form(engine.actor, integration)
    assert {item.field.name: item.named for item in form.fields} == {
        "address": Option(reached, "Fake AS"),
        "token": None,
    }
