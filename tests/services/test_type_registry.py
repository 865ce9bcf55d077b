"""An organisation may add the types its feature flags name, where they exist here, and no others."""

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.errors import NotFound
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.type_registry import TypeRegistry
from tests.builders import save_organisation
from tests.services.fake_adapter import FakeAdapter


async def test_flags_decide_which_types_can_be_added(database: Database) -> None:
    organisation = await save_organisation(database, features=["generic_rest", "not_here"])
    actor = Actor(organisation.id, "Alice", Role.ADMINISTRATOR)
    types = TypeRegistry(database, AdapterRegistry({"xledger": FakeAdapter(), "generic_rest": FakeAdapter()}))
    assert [known.kind for known in await types.available(actor)] == ["generic_rest"]
    await types.require(actor, "generic_rest")
    for kind in ("xledger", "not_here"):
        with pytest.raises(NotFound):
            await types.require(actor, kind)
