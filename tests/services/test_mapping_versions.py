"""Every saved mapping is kept as a version, told apart in words, and can be gone back to through the same judgement."""

import uuid
from datetime import timedelta

import pytest

from integration_admin.adapters.base import Credentials, ReferenceData
from integration_admin.core.actor import Actor
from integration_admin.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from integration_admin.core.mapping import FieldMapping, Mapping
from integration_admin.core.reference import ReferenceItem
from integration_admin.core.statuses import Role
from integration_admin.services.mapping_versions import MappingVersions
from tests import canary
from tests.builders import save_organisation
from tests.services.conftest import MAPPING, Engine
from tests.services.fake_adapter import ACCOUNTS

CHANGED: Mapping = {
    "account": FieldMapping(
        source="line.category", values={"travel.public_transport": "6800", "hotel": "7140"}
    ),
    "credit_account": FieldMapping(constant="2910"),
}


@pytest.fixture
def versions(engine: Engine) -> MappingVersions:
    return MappingVersions(engine.database, engine.mappings)


async def version_of(engine: Engine, integration: uuid.UUID) -> int:
    return (await engine.configuration.get(engine.actor, integration)).version


async def save(engine: Engine, integration: uuid.UUID, mapping: Mapping, by: str = "Alice") -> None:
    actor = Actor(engine.actor.organisation_id, by, Role.ADMINISTRATOR)
    version = await version_of(engine, integration)
    saved = await engine.mappings.save(actor, integration, version, mapping, accept_warnings=True)
    assert saved.saved


async def restore(
    engine: Engine, versions: MappingVersions, integration: uuid.UUID, number: int, *, accept: bool = False
) -> bool:
    version = await version_of(engine, integration)
    result = await versions.restore(engine.actor, integration, number, version, accept_warnings=accept)
    return result.saved


async def close_account(engine: Engine, integration: uuid.UUID, code: str) -> None:
    items = tuple(ReferenceItem(item.id, item.code, item.name, open=item.code != code) for item in ACCOUNTS)

    async def lists(_: Credentials) -> ReferenceData:
        return ReferenceData({"accounts": items})

    engine.adapter.reference_data = lists  # type: ignore[method-assign]  # this test's own far side
    await engine.mappings.refresh(engine.actor, integration)


async def test_each_save_is_kept_with_its_time_and_person_the_newest_first(
    engine: Engine, versions: MappingVersions
) -> None:
    integration = await engine.set_up()
    first_at = engine.clock.now()
    engine.clock.advance(timedelta(hours=2))
    await save(engine, integration, CHANGED, by="Bob")
    newest, oldest = await versions.list(engine.actor, integration)
    assert (newest.number, newest.saved_by, newest.saved_at) == (2, "Bob", first_at + timedelta(hours=2))
    assert (oldest.number, oldest.saved_by, oldest.saved_at) == (1, "Alice", first_at)
    assert (newest.first, oldest.first, oldest.changes) == (False, True, ())
    assert await versions.get(engine.actor, integration, 1) == MAPPING
    assert await versions.get(engine.actor, integration, 2) == CHANGED


async def test_what_a_version_changed_is_told_in_words(engine: Engine, versions: MappingVersions) -> None:
    integration = await engine.set_up()
    await save(engine, integration, CHANGED)
    await save(engine, integration, CHANGED | {"credit_account": FieldMapping(source="department")})
    await save(engine, integration, MAPPING)
    back, source, changed, _ = await versions.list(engine.actor, integration)
    assert [str(sentence) for sentence in changed.changes] == [
        "“Hotel” was added: 7140.",
        "“Travel by public transport” was changed from 7140 to 6800.",
        "“Text” was removed. It was: the text “{id} {line.description}”.",
    ]
    assert [str(sentence) for sentence in source.changes] == [
        "“Credit” was changed from always “2910” to “Department” of the claim."
    ]
    assert "“Hotel” was removed. It was: 7140." in [str(sentence) for sentence in back.changes]
    assert "“Text” was added: the text “{id} {line.description}”." in [str(line) for line in back.changes]


async def test_saving_the_same_again_is_a_version_without_changes(
    engine: Engine, versions: MappingVersions
) -> None:
    integration = await engine.set_up()
    await save(engine, integration, MAPPING)
    newest, _ = await versions.list(engine.actor, integration)
    assert (newest.number, newest.first, newest.changes) == (2, False, ())


async def test_the_oldest_one_listed_is_compared_with_the_one_before_it(
    engine: Engine, versions: MappingVersions
) -> None:
    integration = await engine.set_up()
    await save(engine, integration, CHANGED)
    (only,) = await versions.list(engine.actor, integration, 1)
    assert (only.number, only.first, len(only.changes)) == (2, False, 3)


async def test_restoring_saves_the_old_mapping_as_a_new_version(
    engine: Engine, versions: MappingVersions
) -> None:
    integration = await engine.set_up()
    await save(engine, integration, CHANGED)
    assert await restore(engine, versions, integration, 1)
    assert (await engine.mappings.editor(engine.actor, integration)).mapping == MAPPING
    assert [each.number for each in await versions.list(engine.actor, integration)] == [3, 2, 1]
    async with engine.database.read(engine.actor.organisation_id) as unit:
        assert (await unit.audit.latest(1))[0].action == "mapping.save"


async def test_restoring_asks_about_warnings_that_have_come_since(
    engine: Engine, versions: MappingVersions
) -> None:
    integration = await engine.set_up()
    await save(engine, integration, CHANGED)
    await close_account(engine, integration, "2910")
    assert not await restore(engine, versions, integration, 1)
    assert (await engine.mappings.editor(engine.actor, integration)).mapping == CHANGED
    assert await restore(engine, versions, integration, 1, accept=True)
    assert (await engine.mappings.editor(engine.actor, integration)).mapping == MAPPING


async def test_a_version_that_has_errors_by_now_is_not_restored(
    engine: Engine, versions: MappingVersions
) -> None:
    integration = await engine.set_up()
    await save(engine, integration, CHANGED)
    without_text = tuple(field for field in engine.adapter.target_fields if field.name != "text")
    engine.adapter.target_fields = without_text  # type: ignore[assignment]  # one field fewer than it is written with
    with pytest.raises(InvalidInput):
        await restore(engine, versions, integration, 1, accept=True)
    assert (await engine.mappings.editor(engine.actor, integration)).mapping == CHANGED
    newest, _ = await versions.list(engine.actor, integration)
    assert "“text” was removed. It was: the text “{id} {line.description}”." in map(str, newest.changes)


async def test_restoring_over_a_change_made_meanwhile_is_refused(
    engine: Engine, versions: MappingVersions
) -> None:
    integration = await engine.set_up()
    seen = await version_of(engine, integration)
    await save(engine, integration, CHANGED)
    with pytest.raises(Conflict):
        await versions.restore(engine.actor, integration, 1, seen)


async def test_who_may_not_configure_may_look_and_not_restore(
    engine: Engine, versions: MappingVersions
) -> None:
    integration = await engine.set_up()
    viewer = Actor(engine.actor.organisation_id, "Bob", Role.VIEWER)
    assert len(await versions.list(viewer, integration)) == 1
    with pytest.raises(NotPermitted):
        await versions.restore(viewer, integration, 1, await version_of(engine, integration))


async def test_another_organisation_finds_no_version(engine: Engine, versions: MappingVersions) -> None:
    integration = await engine.set_up()
    other = await save_organisation(engine.database, features=["xledger"], name="Naboforbundet")
    stranger = Actor(other.id, "Mallory", Role.ADMINISTRATOR)
    with pytest.raises(NotFound):
        await versions.get(stranger, integration, 1)
    with pytest.raises(NotFound):
        await versions.list(stranger, integration)


async def test_a_number_nobody_saved_is_not_found(engine: Engine, versions: MappingVersions) -> None:
    integration = await engine.set_up()
    with pytest.raises(NotFound):
        await versions.get(engine.actor, integration, 7)


async def test_a_mapping_from_before_versions_becomes_the_first_one(
    engine: Engine, versions: MappingVersions
) -> None:
    integration = await engine.configuration.begin(engine.actor, "xledger")
    version = await engine.credentials.store(engine.actor, integration, 1, {"token": canary.secret("token")})
    await engine.mappings.refresh(engine.actor, integration)
    async with engine.database.write(engine.actor.organisation_id) as unit:
        await unit.mappings.replace(integration, MAPPING)
        unknown_since = (await unit.integrations.get(integration)).updated_at
    engine.clock.advance(timedelta(days=1))
    await engine.mappings.save(engine.actor, integration, version, CHANGED, accept_warnings=True)
    newest, oldest = await versions.list(engine.actor, integration)
    assert (newest.number, newest.saved_by) == (2, "Alice")
    assert (oldest.number, oldest.saved_by, oldest.saved_at) == (1, "", unknown_since)
    assert await versions.get(engine.actor, integration, 1) == MAPPING
