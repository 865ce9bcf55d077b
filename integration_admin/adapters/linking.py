"""What an adapter offers besides, whose accounting system has an address for a voucher that a person can open."""

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol, runtime_checkable
from urllib.parse import quote, urlsplit

LONGEST_ADDRESS: Final = 2_000
"""What every browser and mail program still takes for one address."""


class Posted(NamedTuple):
    """A voucher that the accounting system has.

    `external_id` is what it is called there and `reference` what we call it. `entity` is the company's name as
    the connection test told it. `is_booked` is false while it waits there to be booked.
    """

    external_id: str
    reference: str
    entity: str = ""
    is_booked: bool = True


@runtime_checkable
class LinksVouchers(Protocol):
    """What an adapter offers besides that knows where a voucher can be looked at."""

    def voucher_address(self, settings: Mapping[str, str], posted: Posted) -> str:
        """Return the address of a voucher for a person's browser, or nothing where there is none.

        It is made of the settings, never of a secret, and asks the accounting system nothing. Raises InvalidInput.
        """
        ...


def is_fit(address: str, *origins: str) -> bool:
    """Tell whether an address may be linked to: by https, or where the integration speaks to anyway."""
    if len(address) > LONGEST_ADDRESS or not address.isascii() or not address.isprintable():
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if not parts.hostname or parts.username or parts.password or any(sign in address for sign in ' "<>\\'):
        return False
    return parts.scheme == "https" or f"{parts.scheme}://{parts.netloc}".lower() in origins


def filled(template: str, posted: Posted) -> str:
    """Return a template with `{id}` and `{reference}` replaced, whatever they hold written so that it stays there."""
    named = template.replace("{reference}", quote(posted.reference, safe=""))
    return named.replace("{id}", quote(posted.external_id, safe=""))
