"""Settings proposed from an interface's own description, given as text, as a file or by its address.

Nothing is stored here; what an administrator takes over goes through the credential form.
"""

import asyncio
from typing import Final

from integration_admin.adapters.descriptions import MOST_BYTES, Proposal, ReadsDescriptions
from integration_admin.core.actor import Actor
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.statuses import Permission
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.packed_files import unpacked

MOST_FILE: Final = MOST_BYTES
"""Bytes of a file at the most."""
MOST_PACKED: Final = 900_000
"""Characters of a packed file: one event through the browser's connection holds a megabyte at the most."""
_FILE: Final = "description_file"


class ApiDescriptions:
    """Reads descriptions for the kinds whose settings can come from one."""

    def __init__(self, adapters: AdapterRegistry) -> None:
        self._adapters = adapters
        self._turn = asyncio.Semaphore(1)
        """A large description takes seconds to read; others can wait for it, the server cannot."""

    async def propose(
        self, actor: Actor, kind: str, description: str | bytes, *, address: str = "", operation: str = ""
    ) -> Proposal:
        """Return the settings that a description suggests; `operation` chooses what to send by.

        Raises InvalidInput with a sentence beside the field `description`.
        """
        actor.require(Permission.CONFIGURE)
        adapter = self._reader(kind)
        whole = description.encode() if isinstance(description, str) else description
        async with self._turn:
            return await asyncio.to_thread(adapter.propose, whole, address=address, operation=operation)

    async def propose_packed(
        self, actor: Actor, kind: str, packed: str, *, address: str = "", operation: str = ""
    ) -> Proposal:
        """Return the settings a file suggests that came as base64 of gzip.

        Raises InvalidInput with a sentence beside the field `description_file`.
        """
        actor.require(Permission.CONFIGURE)
        try:
            whole = await asyncio.to_thread(unpacked, packed, MOST_PACKED, MOST_FILE)
            return await self.propose(actor, kind, whole, address=address, operation=operation)
        except InvalidInput as wrong:
            sentence = next(iter(wrong.fields.values()), wrong.message)
            raise InvalidInput(sentence, fields={_FILE: sentence}, internal=wrong.internal) from None

    async def propose_from(self, actor: Actor, kind: str, url: str, *, operation: str = "") -> Proposal:
        """Read the description at `url` and return the settings it suggests. Raises AdapterError, InvalidInput."""
        actor.require(Permission.CONFIGURE)
        found = await self._reader(kind).fetch_description(url.strip())
        return await self.propose(actor, kind, found, address=url.strip(), operation=operation)

    def _reader(self, kind: str) -> ReadsDescriptions:
        adapter = self._adapters.get(kind)
        if isinstance(adapter, ReadsDescriptions):
            return adapter
        raise InvalidInput(msg("This type is not set up from a description."))
