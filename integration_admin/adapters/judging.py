"""What an adapter can tell of a voucher before anything is sent. Judging codes against lists is not its part."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from integration_admin.adapters.base import Credentials, Outcome, Voucher


@runtime_checkable
class JudgesVouchers(Protocol):
    """What an adapter offers besides, where it refuses vouchers by rules of its own."""

    def refusal(self, voucher: Voucher, settings: Mapping[str, str]) -> Outcome | None:
        """Return why `send` would not even offer this voucher with `settings`, or None; asks nobody.

        What only the accounting system can tell is not judged. Raises InvalidInput for wrong settings.
        """
        ...


@runtime_checkable
class TellsRules(Protocol):
    """What an adapter offers besides, whose accounting system tells when asked what else it would refuse."""

    async def rules(self, credentials: Credentials) -> JudgesVouchers:
        """Return rules that know what it says at this moment, such as which periods are open; books nothing.

        Raises AuthenticationFailed, AdapterError.
        """
        ...
