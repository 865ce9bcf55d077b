"""The seam behind which keys are kept, used by one that keeps them in memory as by the directory."""

from pathlib import Path

import pytest

from integration_admin.core.errors import Conflict
from integration_admin.core.secret import Secret
from integration_admin.data.database import Database
from integration_admin.data.key_provider import KeyDirectory, KeyProvider
from integration_admin.data.key_rotation import KeyRotation
from integration_admin.data.keyring import Keyring
from integration_admin.data.startup import KeyCheck
from integration_admin.data.vault import Binding
from tests.fakes import FakeClock


class Elsewhere:
    """Keeps keys where a key management service would: not on this machine."""

    place = "elsewhere"

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}

    def load(self) -> Keyring:
        return Keyring(self._keys)

    def create(self, key_id: str) -> None:
        self._keys[key_id] = key_id.encode().ljust(32, b"-")


@pytest.fixture(params=["directory", "elsewhere"])
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> KeyProvider:
    return KeyDirectory(tmp_path / "keys") if request.param == "directory" else Elsewhere()


async def test_a_database_begins_with_and_rotates_the_keys_of_any_provider(
    provider: KeyProvider, sqlite_database: Database, clock: FakeClock
) -> None:
    keys = KeyCheck(sqlite_database, provider, clock)
    await keys.init_key("key-1")
    with pytest.raises(Conflict):
        await keys.init_key("key-2")
    assert (await keys.run()).active_key_id == "key-1"
    binding = Binding("t", "c", "o", "r", "k", "")
    envelope = keys.vault().seal(Secret("FAKE"), binding)
    await KeyRotation(sqlite_database, provider, clock, "command line").rotate()
    assert (await keys.run()).active_key_id != "key-1"
    assert keys.vault().open(envelope, binding).reveal() == "FAKE"
    assert provider.place
