"""Changing the vault's key while everything is in use: add, promote, re-encrypt, retire.

Each step is one transaction or many small ones, may be killed at any point and done again. A key file is never
removed here: backups may need it. What people are told is in commands/keys.py.
"""

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from integration_admin.core.audit_actions import AuditAction
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, KeyMissing, VaultError
from integration_admin.core.messages import msg
from integration_admin.data.database import Database
from integration_admin.data.key_provider import KeyProvider
from integration_admin.data.key_rules import RegisteredKey, check_start
from integration_admin.data.keyring import Keyring
from integration_admin.data.models_access import VaultKey
from integration_admin.data.repositories.sealing import REENCRYPTED, SealedRow
from integration_admin.data.repositories.unit import SystemUnit
from integration_admin.data.sealed_columns import SEALED_COLUMNS, SealedColumn
from integration_admin.data.vault import USAGE_ALARM, Vault, wrong_file

_BATCH: Final = 100
_PASSES: Final = 30
_PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key as the database knows it, whether this machine holds it, and what it has sealed.

    `sealed_at_most` is an upper bound; `worn` says that it has reached half of what AES-GCM allows one key.
    """

    key_id: str
    state: Literal["added", "active", "old", "unknown"]
    here: Literal["yes", "no", "another"]
    created_at: datetime | None
    holds: int
    sealed_at_most: int

    @property
    def worn(self) -> bool:
        """Whether it is time for another key."""
        return self.sealed_at_most >= USAGE_ALARM


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """With which key how many secrets were sealed again, and how many could not be opened to do so."""

    key_id: str
    done: int
    unreadable: int


class KeyRotation:
    """The steps of a rotation; `by` is the name they are told under in every organisation's audit log."""

    def __init__(self, database: Database, provider: KeyProvider, clock: Clock, by: str) -> None:
        self._database = database
        self._provider = provider
        self._clock = clock
        self._by = by

    async def uses(self) -> list[KeyUse]:
        """Return every key that is registered or that has sealed something, oldest first."""
        keyring = self._provider.load()
        async with self._database.system() as system:
            keys, held = await system.sealing.keys(), await system.sealing.held()
            sealed = {key.key_id: await system.sealing.sealed_at_most(key.created_at) for key in keys}
        known = [
            KeyUse(
                key.key_id,
                key.state,
                _here(keyring, key),
                key.created_at,
                held.pop(key.key_id, 0),
                sealed[key.key_id],
            )
            for key in keys
        ]
        return known + [KeyUse(name, "unknown", "no", None, count, count) for name, count in held.items()]

    def idle_files(self, uses: Iterable[KeyUse]) -> list[str]:
        """Return the keys on this machine that are not in `uses`: neither registered, nor sealing anything stored."""
        known = {use.key_id for use in uses}
        return [key_id for key_id in self._provider.load().ids if key_id not in known]

    async def add(self) -> str:
        """Make a new key, register it as one that waits, and return its id. Nothing is sealed with it yet."""
        await self._check()
        key_id = self._created()
        check_value = self._provider.load().kcv(key_id)
        async with self._database.system(writes=True) as system:
            await system.sealing.add_key(
                VaultKey(key_id=key_id, check_value=check_value, state="added", created_at=self._clock.now())
            )
        return key_id

    def _created(self) -> str:
        """Make a key named after this second; where that has one already, with a number behind it."""
        name, number = f"key-{self._clock.now():%Y%m%d-%H%M%S}", 1
        while True:
            key_id = name if number == 1 else f"{name}-{number}"
            try:
                self._provider.create(key_id)
            except Conflict:
                number += 1
            else:
                return key_id

    async def waiting(self) -> str | None:
        """Return the oldest key that was added and not promoted yet."""
        async with self._database.system() as system:
            return next((key.key_id for key in await system.sealing.keys() if key.state == "added"), None)

    async def promote(self, key_id: str) -> None:
        """Seal with an added key from now on; what is sealed already stays as it is.

        Raises KeyMissing or KeyMismatch where this machine does not hold it, Conflict where it does not wait.
        """
        keyring = self._provider.load()
        async with self._database.system(writes=True) as system:
            keys = {key.key_id: key for key in await system.sealing.keys()}
            if key_id in keys and keyring.kcv(key_id) != keys[key_id].check_value:
                raise wrong_file(key_id)
            await system.sealing.promote(key_id)
            await self._tell_all(system, "keys.promote", key_id)

    async def reencrypt(self) -> Reencrypted:
        """Seal everything that another key has sealed with the active one, in small commits.

        Whatever somebody stores meanwhile stands. Raises KeyMissing, KeyMismatch; DatabaseBusy, and then it can be
        done again.
        """
        vault, done = await self._check(), 0
        for attempt in range(_PASSES):
            if attempt:
                # Somebody was changing the row just then; it is here, or gone, in a moment.
                await self._clock.sleep(_PAUSE_SECONDS)
            sealed, unreadable = await self._pass(vault)
            done += sealed
            if unreadable == await self._left():
                break
        # Also where nothing was left to do: an earlier try may have been killed before it came here.
        async with self._database.system(writes=True) as system:
            system.sealing.leave_no_copies()
        return Reencrypted(vault.active_key_id, done, await self._left())

    async def rotate(self) -> Reencrypted:
        """Do all of it for a single machine; what an earlier try has begun is finished instead of begun anew."""
        waiting = await self.waiting()
        if waiting is None:
            finished = await self.reencrypt()
            if finished.done:
                return finished
        await self.promote(waiting or await self.add())
        return await self.reencrypt()

    async def retire(self, key_id: str) -> None:
        """Forget a key that nothing is sealed with. Raises Conflict for any other."""
        async with self._database.system(writes=True) as system:
            await system.sealing.remove_key(key_id)
            count = (await system.sealing.held()).get(key_id, 0)
            if count:
                raise Conflict(
                    msg(
                        "The vault key {key_id} is still needed: secrets sealed with it: {count}. Run: integration-admin rotate-key --re-encrypt",
                        key_id=key_id,
                        count=count,
                    )
                )
            await self._tell_all(system, "keys.retire", key_id)

    async def _check(self) -> Vault:
        """Return a vault of the keys as they are now; raises what refuses the program's start."""
        keyring = self._provider.load()
        async with self._database.system() as system:
            keys, held = await system.sealing.keys(), await system.sealing.held()
        registered = [RegisteredKey(key.key_id, key.check_value, key.state) for key in keys]
        report = check_start(keyring, registered, held)
        return Vault(keyring, report.active_key_id, reload=self._provider.load)

    async def _left(self) -> int:
        """Return how many secrets another key than the active one has sealed."""
        async with self._database.system() as system:
            active = [key.key_id for key in await system.sealing.keys() if key.state == "active"]
            held = await system.sealing.held()
        return sum(count for key_id, count in held.items() if key_id not in active)

    async def _pass(self, vault: Vault) -> tuple[int, int]:
        """Go once through all secrets; return how many were sealed again and how many could not be opened."""
        done = unreadable = 0
        for column in SEALED_COLUMNS:
            after: uuid.UUID | None = None
            while True:
                read, sealed, after = await self._batch(vault, column, after)
                done, unreadable = done + sealed, unreadable + read - sealed
                if read < _BATCH:
                    break
        return done, unreadable

    async def _batch(
        self, vault: Vault, column: SealedColumn, after: uuid.UUID | None
    ) -> tuple[int, int, uuid.UUID | None]:
        """Seal some secrets again; return how many were read, how many sealed, and the last row's id."""
        async with self._database.system(writes=True) as system:
            key = await system.sealing.active_key()
            if key is None:
                raise KeyMissing(msg("No vault key is in use yet. Run: integration-admin init-key"))
            vault.activate(key.key_id, key.check_value)
            rows = await system.sealing.not_under(column, key.key_id, after, _BATCH)
            envelopes = [(found.row, _sealed_again(vault, column, found)) for found in rows]
            written = [(row, envelope) for row, envelope in envelopes if envelope is not None]
            await system.sealing.replace(column, written)
            # In the same commit, so that the count is right however this ends.
            for organisation_id, count in Counter(row.organisation_id for row, _ in written).items():
                audit = system.inside(organisation_id).audit
                await audit.add(self._clock.now(), self._by, REENCRYPTED, key.key_id, count=count)
        return len(rows), len(written), rows[-1].row.id if rows else after

    async def _tell_all(self, system: SystemUnit, action: AuditAction, key_id: str) -> None:
        for organisation in await system.organisations():
            await system.inside(organisation.id).audit.add(self._clock.now(), self._by, action, key_id)


def _sealed_again(vault: Vault, column: SealedColumn, found: SealedRow) -> str | None:
    """Return a secret's new envelope; None where the one there is cannot be opened."""
    binding = column.binding(found.row, found.integration)
    try:
        return vault.seal(vault.open(getattr(found.row, column.column), binding), binding)
    except VaultError:
        return None


def _here(keyring: Keyring, key: VaultKey) -> Literal["yes", "no", "another"]:
    if key.key_id not in keyring.ids:
        return "no"
    return "yes" if keyring.kcv(key.key_id) == key.check_value else "another"
