"""What is proposed after reading an interface's own description (OpenAPI), as plain data.

Which adapters can read one shows in their having these methods; how they read it is theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from integration_admin.core.messages import Message

MOST_BYTES: Final = 5_242_880
"""Bytes of the largest description that is read: 5 MB."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something the interface can be asked to do with a body."""

    method: str
    path: str
    summary: str

    @property
    def name(self) -> str:
        """How the operation is chosen: `POST /api/vouchers`."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class DescribedField:
    """One value of the body; `path` has a star where elements of a list go, as in /lines/*/amount."""

    path: str
    type: str
    required: bool = False
    max_length: int | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to fill the credential form in with; an administrator decides."""

    title: str
    operation: Operation
    operations: tuple[Operation, ...]
    """All that could be chosen, the likeliest first."""
    settings: Mapping[str, str]
    """Credential field -> value; never a secret."""
    fields: tuple[DescribedField, ...]
    notes: tuple[Message, ...]
    """What could not be told from the description, or needs another look."""


@runtime_checkable
class ReadsDescriptions(Protocol):
    """What an adapter offers besides, where its settings can come from a description."""

    async def fetch_description(self, url: str) -> bytes:
        """Read a description from an address. Raises AdapterError."""
        ...

    def propose(self, description: bytes, *, address: str = "", operation: str = "") -> Proposal:
        """Return the settings a description suggests; reads only, and takes a while for a long one.

        `address` is where it came from, `operation` the name of the one to send by; without it the
        likeliest is taken. Raises InvalidInput with a sentence for what is wrong with it.
        """
        ...
