"""Who may be signed in while states are tested."""

import os
from types import SimpleNamespace
from typing import Any, cast

import pytest

from integration_admin.data.database import Database
from integration_admin.services import container
from integration_admin.services.passwords import Passwords
from integration_admin.services.sign_in import SignIn
from tests.builders import save_organisation
from tests.fakes import FakeClock
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
