"""What an adapter offers besides, whose accounting system books later than it takes."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from integration_admin.adapters.base import Credentials
from integration_admin.core.messages import Message
from integration_admin.core.statuses import FateState


class Fate(NamedTuple):
    """What became of a voucher after the accounting system had taken it, found again by `reference`.

    `message` says why where it was rejected; `external_id` is what it is called by now, where that changed.
    """

    reference: str
    state: FateState
    external_id: str = ""
    message: Message | None = None


@runtime_checkable
class ReadsFates(Protocol):
    """What an adapter with the capability `follows_up` offers besides."""

    async def fates(self, credentials: Credentials, references: Sequence[str]) -> list[Fate]:
        """Return what became of what was delivered under each of `references`; what it does not know is left out.

        Changes nothing. Raises AuthenticationFailed, AdapterError.
        """
        ...
