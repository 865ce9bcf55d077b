"""Where the vault's root keys come from: a directory, behind a seam for whoever keeps them elsewhere."""

from pathlib import Path
from typing import Protocol

from integration_admin.data.keyring import Keyring, create_key


class KeyProvider(Protocol):
    """A place that keeps root keys, such as a directory or a key management service.

    The program asks it when it starts, and again when it meets a key it does not hold. What comes back stays
    in memory; whatever unwraps keys elsewhere does so in `load`.
    """

    @property
    def place(self) -> str:
        """What a person calls the place, for sentences such as "Put its file back in ..."."""

    def load(self) -> Keyring:
        """Return every key that is there; none is an empty keyring. Raises ConfigurationError."""

    def create(self, key_id: str) -> None:
        """Make a new random key, whole or not at all. Raises Conflict where it exists, ConfigurationError."""


class KeyDirectory:
    """Keys in the files of a private directory (`KEY_DIR`); a file's name is the key's id."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def place(self) -> str:
        """The directory's path."""
        return str(self._directory)

    def load(self) -> Keyring:
        """Read every file. Raises ConfigurationError for one that is no key or that others may read."""
        return Keyring.load(self._directory)

    def create(self, key_id: str) -> None:
        """Write a new file of mode 600; the directory is made where there is none."""
        create_key(self._directory, key_id)
