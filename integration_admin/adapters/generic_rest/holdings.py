"""What the far side holds under our references, and for how much, where its answers tell."""

from collections.abc import Sequence
from typing import Any

from integration_admin.adapters.generic_rest import pointer
from integration_admin.adapters.generic_rest.client import RESTClient
from integration_admin.adapters.generic_rest.lookup import found_for, references_of
from integration_admin.adapters.holding import Holding, added, money_of
from integration_admin.core.money import Money


async def read_holdings(client: RESTClient, references: Sequence[str]) -> list[Holding]:
    """Return what is there under each of `references`, absent ones left out. Raises AdapterError."""
    return [
        holding for _, items in await found_for(client, references) for holding in _holdings(client, items)
    ]


def _holdings(client: RESTClient, items: Sequence[Any]) -> list[Holding]:
    vouchers: dict[str, list[Any]] = {}
    for reference, item in zip(references_of(client, items), items, strict=True):
        vouchers.setdefault(reference, []).append(item)
    return [
        Holding(
            reference,
            len(same),
            added(_amount(client, one) for one in same),
            external_id=client.id_in(same[0]),
        )
        for reference, same in vouchers.items()
    ]


def _amount(client: RESTClient, item: Any) -> Money | None:
    where = client.options.pointers
    return money_of(pointer.find(item, where["amount"]), pointer.find(item, where["currency"]))
