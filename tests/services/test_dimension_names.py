"""Dimensions are called in the mapping what the accounting system calls them."""

import uuid
from dataclasses import replace

from integration_admin.adapters.base import Credentials, Level, ReferenceData, TargetField
from integration_admin.core.mapping import FieldMapping
from integration_admin.core.messages import msg
from integration_admin.core.reference import ReferenceItem
from tests.services.conftest import MAPPING, Engine
from tests.services.fake_adapter import ACCOUNTS

DIMENSION = TargetField(
    "dimension_1", msg("Dimension 1"), msg("The first."), Level.LINE, reference="dimension_1"
)


async def set_up(engine: Engine, **names: str) -> uuid.UUID:
    """Set up an integration whose accounting system has a dimension, and calls it as given."""
    integration = await engine.set_up()

    async def lists(_: Credentials) -> ReferenceData:
        values = (ReferenceItem("1", "210", "Drift"),)
        return ReferenceData({"accounts": ACCOUNTS, "dimension_1": values}, names)

    engine.adapter.target_fields = (*engine.adapter.target_fields, DIMENSION)
    engine.adapter.reference_data = lists  # type: ignore[method-assign]  # this test's own far side
    await engine.mappings.refresh(engine.actor, integration)
    return integration


async def label(engine: Engine, integration: uuid.UUID) -> str:
    """Return what the dimension is called in the editor."""
    targets = (await engine.mappings.editor(engine.actor, integration)).targets
    [found] = [target for target in targets if target.name == "dimension_1"]
    assert found.reference == "dimension_1"
    return found.label.translate("nb")


async def test_the_editor_says_what_the_accounting_system_calls_a_dimension(engine: Engine) -> None:
    integration = await set_up(engine, dimension_1="Avdeling {210} (AVDELING)")
    assert await label(engine, integration) == "Avdeling {210} (AVDELING)"


async def test_what_is_wrong_with_a_dimension_is_told_under_the_same_name(engine: Engine) -> None:
    integration = await set_up(engine, dimension_1="Avdeling")
    wrong = MAPPING | {"dimension_1": FieldMapping(constant="9" * 300)}
    sentences = [
        str(found.message) for found in await engine.mappings.check(engine.actor, integration, wrong)
    ]
    assert any("Avdeling" in sentence for sentence in sentences)
    assert not any("Dimension 1" in sentence for sentence in sentences)


async def test_without_a_name_the_field_keeps_its_own(engine: Engine) -> None:
    integration = await set_up(engine, dimension_1="  ")
    assert await label(engine, integration) == DIMENSION.label.translate("nb")


async def test_names_follow_the_lists_and_count_as_none_of_them(engine: Engine) -> None:
    integration = await set_up(engine, dimension_1="Avdeling")
    counts = (await engine.mappings.editor(engine.actor, integration)).reference_counts
    assert counts == {"accounts": len(ACCOUNTS), "dimension_1": 1}

    async def renamed(_: Credentials) -> ReferenceData:
        return ReferenceData({"accounts": ACCOUNTS}, {"dimension_1": "Kostnadssted"})

    engine.adapter.reference_data = renamed  # type: ignore[method-assign]  # this test's own far side
    await engine.mappings.refresh(engine.actor, integration)
    assert await label(engine, integration) == "Kostnadssted"


async def test_an_adapters_own_fields_stay_as_they_are(engine: Engine) -> None:
    await set_up(engine, dimension_1="Avdeling")
    assert engine.adapter.target_fields[-1] == replace(DIMENSION)
