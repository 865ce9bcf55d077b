"""Who may be signed in while states are tested, and what their organisation exports with."""

import os
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integration_admin.core.actor import Actor
from integration_admin.core.statuses import Role
from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.passwords import Passwords
from integration_admin.services.sign_in import SignIn
from tests.builders import save_organisation
from tests.fakes import FakeClock
from tests.services.conftest import Engine
from tests.services.conftest import new_engine as new_engine  # noqa: PLC0414, a fixture of another folder
from tests.services.fake_adapter import FakeAdapter
from tests.states.people import People


@pytest.fixture
async def people(sqlite_database: Database, clock: FakeClock) -> People:
    """Alice and Bob, stored, and the sign-in that knows them installed."""
    known = People(sqlite_database, clock)
    await save_organisation(sqlite_database, known.alice, known.bob, name="Prøveforbundet")
    sign_in = SignIn(sqlite_database, Passwords(), clock, os.urandom)
    # The sign-in page asks whether browsers make passkeys for this address.
    factors = SimpleNamespace(passkeys=SimpleNamespace(available=False))
    container.install(cast("Any", SimpleNamespace(sign_in=sign_in, factors=factors)))
    return known


@pytest.fixture
def alices_engine(people: People, sqlite_database: Database, new_engine: Any) -> Engine:
    """The engine of Alice's organisation; which of its services states find is the test's to say."""
    actor = Actor(people.alice.organisation_id, "Alice", Role.ADMINISTRATOR)
    engine: Engine = new_engine(sqlite_database, FakeAdapter(), actor)
    return engine
