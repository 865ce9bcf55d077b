"""The road a person takes: credentials, test, mapping, schedule, save; then claims are in the far side's books."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from integration_admin import demo
from integration_admin.bootstrap import Application, assemble
from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.secret import Secret
from integration_admin.core.settings import load_settings
from integration_admin.data import migrations
from integration_admin.services.mapping_form import target_rows
from integration_admin.services.slots import ScheduleKind, Timetable
from tests.adapters.hostile import Authority
from tests.sandbox.rest import RESTSandbox


@pytest.fixture
async def application(tmp_path: Path) -> AsyncIterator[Application]:
    settings = {"INSTANCE_DIR": str(tmp_path / "instance"), "OUTBOUND_ALLOW": "127.0.0.1/32"}
    application = assemble(
        load_settings({f"INTEGRATION_ADMIN_{name}": text for name, text in settings.items()})
    )
    migrations.upgrade(application.settings.database)
    await application.keys.init_key("test")
    await application.keys.run()
    yield application
    await application.close()


@pytest.fixture
async def actor(application: Application) -> Actor:
    organisations = application.services.organisations
    await organisations.create_administrator(
        "Forbundet",
        "974761076",
        "kari@example.org",
        Secret(uuid.uuid4().hex),
        "Kari",
        features=("generic_rest",),
    )
    return await organisations.actor_of("Forbundet")


def typed(sandbox: RESTSandbox, **changes: str) -> dict[str, str]:
    return {"base_url": sandbox.url, "api_key": sandbox.credentials["keys"]["full"], **changes}


async def connected(application: Application, actor: Actor, given: dict[str, str]) -> tuple[Any, int]:
    """Store credentials and test them; return the integration and its version."""
    services = application.services
    integration = await services.configuration.begin(actor, "generic_rest")
    version = await services.credentials.store(actor, integration, 1, given)
    report = await services.credentials.test(actor, integration)
    assert (report.passed, report.entity) == (True, "Eksempelforbundet"), report.message
    return integration, version


@pytest.mark.parametrize(
    "changes", [{}, {"batch": "100", "in_flight": "4", "details": "own", "idempotency_header": "X-Once"}]
)
async def test_claims_are_exported_once_with_the_settings_a_person_typed(
    application: Application, actor: Actor, sandbox: RESTSandbox, changes: dict[str, str]
) -> None:
    services = application.services
    integration, version = await connected(
        application, actor, typed(sandbox, accounts_path="/api/accounts", **changes)
    )
    assert (await services.mappings.refresh(actor, integration))["accounts"] > 80
    mapping = {
        "account": demo.demo_mapping()["account"],
        "text": FieldMapping(compose="{id} {line.description}"),
        "project": FieldMapping(source="line.project"),
        "credit_account": FieldMapping(constant="2910"),
    }
    saved = await services.mappings.save(actor, integration, version, mapping, accept_warnings=True)
    nightly = Timetable(ScheduleKind.DAILY, "02:00", "Europe/Oslo")
    version = await services.schedules.save(actor, integration, saved.version, nightly)
    await services.configuration.save(actor, integration, version, "REST")
    await services.records.receive(actor, demo.claims(30))
    for _ in range(2):
        started = await services.runs.start(actor, integration)
        await services.runner.carry_out(actor.organisation_id, started.id)
    stats = await sandbox.stats()
    assert (stats["vouchers"], stats["doubles"]) == (30, 0)
    assert {entry["balanced"] for entry in await sandbox.ledger()} == {True}


async def test_without_a_list_of_accounts_what_is_owed_can_still_be_mapped(
    application: Application, actor: Actor, sandbox: RESTSandbox
) -> None:
    integration, _ = await connected(application, actor, typed(sandbox))
    await application.services.mappings.refresh(actor, integration)
    editor = await application.services.mappings.editor(actor, integration)
    rows = target_rows(editor.targets, editor.mapping, editor.reference_counts)
    assert "credit_account" in {row.target.name for row in rows}


async def test_what_was_typed_wrong_gets_a_sentence_beside_its_field(
    application: Application, actor: Actor, sandbox: RESTSandbox
) -> None:
    services = application.services
    integration = await services.configuration.begin(actor, "generic_rest")
    for changes, field in (({"batch": "2000"}, "batch"), ({"send_path": "vouchers"}, "send_path")):
        with pytest.raises(InvalidInput) as wrong:
            await services.credentials.store(actor, integration, 1, typed(sandbox, **changes))
        assert list(wrong.value.fields) == [field]


async def test_what_a_description_proposes_exports_claims_once_in_the_systems_own_form(
    application: Application, actor: Actor, sandbox: RESTSandbox
) -> None:
    services = application.services
    address = f"{sandbox.url}/api/openapi.json"
    proposal = await services.descriptions.propose_from(actor, "generic_rest", address)
    given = {**proposal.settings, "api_key": sandbox.credentials["keys"]["full"]}
    integration, version = await connected(application, actor, given)
    assert (await services.mappings.refresh(actor, integration))["accounts"] > 80
    mapping = {
        "account": demo.demo_mapping()["account"],
        "text": FieldMapping(compose="{id} {line.description}"),
        "credit_account": FieldMapping(constant="2910"),
    }
    saved = await services.mappings.save(actor, integration, version, mapping, accept_warnings=True)
    never = Timetable(ScheduleKind.MANUAL, "", "Europe/Oslo")
    version = await services.schedules.save(actor, integration, saved.version, never)
    await services.configuration.save(actor, integration, version, "Journals")
    await services.records.receive(actor, demo.claims(5))
    for _ in range(2):
        started = await services.runs.start(actor, integration)
        await services.runner.carry_out(actor.organisation_id, started.id)
    booked = await sandbox.ledger()
    assert len(booked) == 5
    assert {entry["balanced"] for entry in booked} == {True}
    assert (await sandbox.stats())["doubles"] == 0


async def test_a_certificate_and_a_form_may_have_line_breaks_where_a_name_may_not(
    application: Application, actor: Actor, authority: Authority
) -> None:
    services = application.services
    integration = await services.configuration.begin(actor, "generic_rest")
    certificate, key = authority.client()
    form = '{"r": "{reference}",\r\n\t"l": [{"a": "{amount}"}]}'
    given = {
        "base_url": "https://api.example.org",
        "authentication": "mutual_tls",
        "client_certificate": certificate,
        "client_key": key,
        "details": "own",
        "body": form,
    }
    await services.credentials.store(actor, integration, 1, given)
    shown = {item.field.name: item for item in (await services.credentials.form(actor, integration)).fields}
    assert (shown["body"].value, shown["client_key"].value) == (form, "")
    assert shown["client_key"].stored is not None
    with pytest.raises(InvalidInput) as wrong:
        await services.credentials.store(actor, integration, 2, given | {"list_name": "a\nb"})
    assert list(wrong.value.fields) == ["list_name"]
