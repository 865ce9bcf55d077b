"""A rotation of the vault's key that is killed at a point of its work; a process of its own, for it does not come back."""

import asyncio
import os
import signal
import uuid
from datetime import datetime
from pathlib import Path

from integration_admin.core.clock import SystemClock
from integration_admin.data.database import Database
from integration_admin.data.key_rotation import KeyRotation
from integration_admin.data.sealed_columns import SealedColumn
from integration_admin.data.vault import Vault
from security.sealed_secrets import Place

POINTS = ("key made", "key registered", "key promoted", "batch written", "batch committed", "all sealed")


class _Clock(SystemClock):
    """Tells the time, and once it is armed ends the process."""

    def __init__(self) -> None:
        self.armed = False

    def now(self) -> datetime:
        if self.armed:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().now()


class DyingRotation(KeyRotation):
    """A rotation that gets as far as one of the POINTS."""

    def __init__(self, place: Place, point: str) -> None:
        self._last_moments = _Clock()
        super().__init__(Database(place.url), place.keys, self._last_moments, "test")
        self._point = point
        self._batches = 0

    def _reached(self, point: str) -> None:
        if point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)

    def _created(self) -> str:
        key_id = super()._created()
        self._reached("key made")
        return key_id

    async def add(self) -> str:
        key_id = await super().add()
        self._reached("key registered")
        return key_id

    async def promote(self, key_id: str) -> None:
        await super().promote(key_id)
        self._reached("key promoted")

    async def _batch(
        self, vault: Vault, column: SealedColumn, after: uuid.UUID | None
    ) -> tuple[int, int, uuid.UUID | None]:
        # A batch asks for the time once its envelopes are written, and before they are committed.
        self._last_moments.armed = self._point == "batch written" and self._batches == 1
        done = await super()._batch(vault, column, after)
        self._batches += bool(done[1])
        if self._batches:
            self._reached("batch committed")
        return done

    async def _left(self) -> int:
        left = await super()._left()
        if self._batches:
            self._reached("all sealed")
        return left


def rotate(folder: Path, address: str, point: str) -> None:
    """Rotate until `point` is reached; what a process of its own does."""
    asyncio.run(DyingRotation(Place(folder, address), point).rotate())
