"""The vault's key is rotated while secrets are edited and the rotation is killed again and again: every secret must open."""

import asyncio
import multiprocessing
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from benchmarks.report import Figure, at_least, at_most
from integration_admin.core.clock import SystemClock
from integration_admin.core.errors import DatabaseBusy
from integration_admin.data.database import Database
from integration_admin.data.key_provider import KeyDirectory
from integration_admin.data.key_rotation import KeyRotation
from integration_admin.data.secrets import SecretStore
from integration_admin.data.startup import KeyCheck
from security.sealed_secrets import FIRST_KEY, Place, edit, filled, wrong

_SECRETS = 100_000
_KILLS = 100
_LONGEST_SECONDS = 3.0
_BETWEEN_EDITS_SECONDS = 0.01


@dataclass
class Ended:
    """What a trial came to; `unreadable`, `lost`, `left` and `undercounted` must be nothing."""

    kills: int = 0
    rotations: int = 0
    edits: int = 0
    unreadable: int = 0
    lost: int = 0
    left: int = 0
    undercounted: int = 0
    """How often a key that was killed at its work held more than it was said to have sealed at most."""


def measure() -> list[Figure]:
    """Rotate over a hundred thousand secrets on SQLite with a hundred kills."""
    with TemporaryDirectory(prefix="ia-security-") as name:
        ended = asyncio.run(trial(Path(name), _SECRETS, _KILLS, _LONGEST_SECONDS))
    return [
        at_least("rotation_kills", ended.kills, "kills", _KILLS),
        at_least("rotation_edits", ended.edits, "edits", 1),
        at_least("rotations_ended", ended.rotations, "rotations", 1),
        at_most("rotation_unreadable", ended.unreadable, "secrets", 0),
        at_most("rotation_lost_edits", ended.lost, "secrets", 0),
        at_most("rotation_left_behind", ended.left, "secrets", 0),
        at_most("rotation_uses_undercounted", ended.undercounted, "times", 0),
    ]


async def trial(folder: Path, secrets: int, kills: int, longest: float, seed: int = 20261121) -> Ended:
    """Rotate until `kills` rotations were killed within `longest` seconds each, then to the end, and open everything."""
    place, ended = await filled(folder, secrets), Ended()
    random = Random(seed)  # noqa: S311, a trial has to be repeatable
    database = Database(place.url)
    check = KeyCheck(database, place.keys, SystemClock())
    await check.run()
    enough = asyncio.Event()
    editing = asyncio.create_task(_edit(place, database, SecretStore(check.vault), random, ended, enough))
    rotation = _rotation(place, database)
    while ended.kills < kills:
        await _kill_one(place, random.uniform(0, longest), ended)
        # The first key sealed what was there before anything was counted.
        uses = (use for use in await rotation.uses() if use.key_id != FIRST_KEY)
        ended.undercounted += sum(use.holds > use.sealed_at_most for use in uses)
    await rotation.rotate()
    enough.set()
    await editing
    ended.rotations += 1
    ended.left = (await rotation.reencrypt()).unreadable + sum(
        use.holds for use in await rotation.uses() if use.state != "active"
    )
    # As a process would that has only just been started.
    fresh = KeyCheck(database, place.keys, SystemClock())
    await fresh.run()
    ended.unreadable, ended.lost = await wrong(place, database, SecretStore(fresh.vault))
    await database.close()
    return ended


def rotate_in(folder: str) -> None:
    """Rotate once; what a process of its own does until it is killed."""
    asyncio.run(_rotate(Place(Path(folder))))


async def _rotate(place: Place) -> None:
    database = Database(place.url)
    await _rotation(place, database).rotate()
    await database.close()


def _rotation(place: Place, database: Database) -> KeyRotation:
    return KeyRotation(database, KeyDirectory(place.folder / "keys"), SystemClock(), "trial")


async def _edit(
    place: Place,
    database: Database,
    store: SecretStore,
    random: Random,
    ended: Ended,
    enough: asyncio.Event,
) -> None:
    """Edit one secret after the other until it is enough."""
    everything = list(place.expected)
    while not enough.is_set():
        try:
            await edit(place, database, store, random.choice(everything))
        except DatabaseBusy:
            continue
        ended.edits += 1
        await asyncio.sleep(_BETWEEN_EDITS_SECONDS)


async def _kill_one(place: Place, after: float, ended: Ended) -> None:
    """Start a rotation and kill it, unless it has ended by itself before."""
    process = _process(place)
    process.start()
    await asyncio.to_thread(process.join, after)
    if process.is_alive():
        process.kill()
        ended.kills += 1
    else:
        ended.rotations += 1
    await asyncio.to_thread(process.join)
    process.close()


def _process(place: Place) -> BaseProcess:
    # Forked from a process that has imported all this and has no threads: it begins at once.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context.Process(target=rotate_in, args=(str(place.folder),))
