"""Judging and saving a mapping against the accounting system's lists, however long they are."""

import uuid
from dataclasses import replace

import pytest

from integration_admin.adapters.base import Credentials, ReferenceData
from integration_admin.core.errors import Conflict
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.reference import ReferenceItem
from integration_admin.services.config_validator import Severity
from tests.services.conftest import MAPPING, Engine
from tests.services.fake_adapter import ACCOUNTS

LONG = tuple(ReferenceItem(f"p{number}", f"{number:06}", f"Prosjekt {number}") for number in range(3_000))
TWINS = (ReferenceItem("t1", "7777", "Gammel"), ReferenceItem("t2", "7777", "Ny"))


async def with_lists(engine: Engine, *items: ReferenceItem) -> uuid.UUID:
    integration = await engine.set_up()

    async def lists(_: Credentials) -> ReferenceData:
        return ReferenceData({"accounts": items})

    engine.adapter.reference_data = lists  # type: ignore[method-assign]  # this test's own far side
    await engine.mappings.refresh(engine.actor, integration)
    return integration


async def said(engine: Engine, integration: uuid.UUID, account: str) -> list[str]:
    mapping = MAPPING | {"account": FieldMapping(constant=account)}
    return [str(found.message) for found in await engine.mappings.check(engine.actor, integration, mapping)]


async def test_codes_are_judged_against_a_long_list(engine: Engine) -> None:
    integration = await with_lists(engine, *LONG, *ACCOUNTS, *TWINS)
    assert await said(engine, integration, "7140") == []
    assert await said(engine, integration, "dbId:1") == []
    assert await said(engine, integration, "714") == [
        "The accounting system has no code 714. Did you mean 7140?"
    ]
    assert await said(engine, integration, "7104") == [
        "The accounting system has no code 7104. Did you mean 7140?"
    ]
    assert await said(engine, integration, "0015009") == [
        "The accounting system has no code 0015009. Did you mean 001500?"
    ]
    assert await said(engine, integration, "dbId:none") == ["The accounting system has no code dbId:none."]
    shared = await said(engine, integration, "7777")
    assert len(shared) == 1
    assert "dbId:t1 (Gammel)" in shared[0]
    assert "dbId:t2 (Ny)" in shared[0]


async def test_a_closed_account_is_never_the_suggested_one(engine: Engine) -> None:
    closed = ReferenceItem("c", "7104", "Stengt", open=False)
    integration = await with_lists(engine, *ACCOUNTS, closed)
    assert await said(engine, integration, "710") == [
        "The accounting system has no code 710. Did you mean 7140?"
    ]


async def test_an_empty_list_is_said_to_be_unread(engine: Engine) -> None:
    integration = await with_lists(engine)
    assert len(await said(engine, integration, "7140")) == 2
    assert all("has not been read yet" in sentence for sentence in await said(engine, integration, "7140"))


async def test_a_mapping_is_not_saved_over_a_change_made_meanwhile(engine: Engine) -> None:
    integration = await engine.set_up()
    version = (await engine.configuration.get(engine.actor, integration)).version
    await engine.configuration.save(engine.actor, integration, version, "Xledger")
    with pytest.raises(Conflict):
        await engine.mappings.save(engine.actor, integration, version, MAPPING, accept_warnings=True)


async def test_lists_read_from_an_address_left_meanwhile_are_not_kept(engine: Engine) -> None:
    integration = await engine.set_up()
    version = (await engine.configuration.get(engine.actor, integration)).version

    async def slow(_: Credentials) -> ReferenceData:
        typed = {"address": "https://another.example", "token": "a-token-for-there"}
        await engine.credentials.store(engine.actor, integration, version, typed)
        return ReferenceData({"accounts": ACCOUNTS})

    engine.adapter.reference_data = slow  # type: ignore[method-assign]  # this test's own far side
    with pytest.raises(Conflict):
        await engine.mappings.refresh(engine.actor, integration)
    assert (await engine.mappings.editor(engine.actor, integration)).reference_counts == {}


async def test_what_the_settings_demand_of_a_field_is_judged(engine: Engine) -> None:
    integration = await engine.set_up()
    # Set from here: most adapters have no such method.
    engine.adapter.target_fields_of = lambda settings: tuple(  # type: ignore[attr-defined]
        replace(field, required=True, choices=(settings["address"], "a")) if field.name == "text" else field
        for field in engine.adapter.target_fields
    )
    editor = await engine.mappings.editor(engine.actor, integration)
    (text,) = [target for target in editor.targets if target.name == "text"]
    assert (text.required, text.choices) == (True, ("https://fake.example", "a"))
    without = {name: field for name, field in MAPPING.items() if name != "text"}
    findings = await engine.mappings.check(engine.actor, integration, without)
    assert [(found.severity, found.target) for found in findings] == [(Severity.ERROR, "text")]
    wrong = MAPPING | {"text": FieldMapping(constant="b")}
    (finding,) = await engine.mappings.check(engine.actor, integration, wrong)
    assert str(finding.message) == ("“Text” may not be “b”. It may be one of these: https://fake.example, a.")


async def test_an_account_far_down_a_long_chart_is_suggested_too(engine: Engine) -> None:
    many = [ReferenceItem(f"m{number}", f"1{number:05}", f"Konto {number}") for number in range(20_000)]
    integration = await with_lists(engine, *many, *ACCOUNTS)
    await engine.receive(1)
    assert await engine.mappings.suggestions(engine.actor, integration) == {"travel.public_transport": "7140"}
