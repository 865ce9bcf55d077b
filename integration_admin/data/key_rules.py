"""Which keys may serve which database: the rules a start is judged by. Nothing here reads a file or a database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from integration_admin.core.errors import KeyMismatch, KeyMissing
from integration_admin.core.messages import msg
from integration_admin.data.keyring import Keyring
from integration_admin.data.vault import wrong_file


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A key as the database knows it: its id, its check value and whether it waits to seal, seals or only opens."""

    key_id: str
    kcv: str
    state: Literal["added", "active", "old"]


@dataclass(frozen=True, slots=True)
class StartReport:
    """What the vault starts with; secrets under `missing_key_ids` must be entered again."""

    active_key_id: str
    missing_key_ids: tuple[str, ...] = ()


def check_start(
    keyring: Keyring, registered: Sequence[RegisteredKey], ciphertext_key_ids: Mapping[str, int]
) -> StartReport:
    """Decide whether these keys can serve this database; `ciphertext_key_ids` counts secrets by key id.

    Older keys that are gone or hold other bytes are reported, not refused.
    Raises KeyMissing and KeyMismatch: the start is refused.
    """
    needed = sorted(key_id for key_id, count in ciphertext_key_ids.items() if count > 0)
    if not keyring.ids and (needed or registered):
        raise _empty(needed, registered)
    active = _active_key_id(registered, needed)
    wrong = {
        key.key_id for key in registered if key.key_id in keyring.ids and key.kcv != keyring.kcv(key.key_id)
    }
    if active not in keyring.ids:
        raise KeyMissing(
            msg("The vault key {key_id} is missing. Put its file back in the keyring.", key_id=active)
        )
    if active in wrong:
        raise wrong_file(active)
    missing = (key_id for key_id in needed if key_id not in keyring.ids or key_id in wrong)
    return StartReport(active, tuple(missing))


def _active_key_id(registered: Sequence[RegisteredKey], needed: Sequence[str]) -> str:
    """Return the one key that seals; a database that knows no key and holds no secret is new."""
    if not registered and not needed:
        raise KeyMissing(msg("No vault key is in use yet. Run: integration-admin init-key"))
    active = [key.key_id for key in registered if key.state == "active"]
    if len(active) != 1:
        raise KeyMismatch(
            msg(
                "The database does not name one active vault key. Restore the database and the keyring together."
            )
        )
    return active[0]


def _empty(needed: Sequence[str], registered: Sequence[RegisteredKey]) -> KeyMissing:
    """Name the keys an empty keyring has lost."""
    lost = needed or sorted(key.key_id for key in registered)
    return KeyMissing(
        msg(
            "The keyring is empty, but this database uses the vault keys {key_ids}. Put their files back.",
            key_ids=", ".join(lost),
        )
    )
