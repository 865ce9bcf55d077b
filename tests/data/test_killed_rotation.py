"""A rotation of many secrets is killed at each of its steps: whatever it leaves opens, and the next one finishes it."""

import multiprocessing
import signal
from pathlib import Path

import pytest

from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import Conflict
from integration_admin.data.database import Database
from integration_admin.data.key_rotation import KeyRotation
from integration_admin.data.secrets import SecretStore
from integration_admin.data.startup import KeyCheck
from security.sealed_secrets import FIRST_KEY, Place, filled, wrong
from tests.data import dying_rotation

_SECRETS = 200


@pytest.fixture
async def place(tmp_path: Path, database_url: str) -> Place:
    """Two hundred secrets of two organisations, once on each engine."""
    return await filled(tmp_path, _SECRETS, database_url)


def rotate_until(point: str, place: Place) -> None:
    # Forked from a process that has imported all this and has no threads: it begins at once.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([dying_rotation.__name__])
    process = context.Process(target=dying_rotation.rotate, args=(place.folder, place.url, point))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, point
    process.close()


async def opened(place: Place, database: Database) -> tuple[int, int]:
    """Open everything as a process would that starts now."""
    check = KeyCheck(database, place.keys, SystemClock())
    await check.run()
    return await wrong(place, database, SecretStore(check.vault))


async def test_a_rotation_that_is_killed_at_any_step_loses_no_secret_and_is_finished_by_the_next(
    place: Place, database: Database
) -> None:
    rotation = KeyRotation(database, place.keys, SystemClock(), "test")
    for point in dying_rotation.POINTS:
        rotate_until(point, place)
        assert await opened(place, database) == (0, 0), point
        held = {use.key_id: use.holds for use in await rotation.uses() if use.holds}
        assert sum(held.values()) == _SECRETS, point
        for key_id in held:
            with pytest.raises(Conflict):
                await rotation.retire(key_id)
        ended = await rotation.rotate()
        assert (ended.unreadable, await opened(place, database)) == (0, (0, 0)), point
        for use in await rotation.uses():
            if use.state != "active":
                await rotation.retire(use.key_id)
                (Path(place.keys.place) / use.key_id).unlink()
        assert [(use.state, use.holds) for use in await rotation.uses()] == [("active", _SECRETS)], point
        assert await opened(place, database) == (0, 0), point
    assert FIRST_KEY not in place.keys.load().ids
