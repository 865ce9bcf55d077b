"""Reads Business Central's own lists: accounts, vendors, employees, tax groups, currencies and dimensions.

Blocked entries are kept and marked; whether a code may be used is for the services to say.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from integration_admin.adapters.base import ReferenceData
from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.companies import Company, text_of
from integration_admin.adapters.dynamics.business_central.errors import decoded
from integration_admin.adapters.dynamics.business_central.fields import DIMENSIONS
from integration_admin.adapters.dynamics.odata import query
from integration_admin.core.errors import AuthenticationFailed
from integration_admin.core.reference import ReferenceItem

Node = Mapping[str, Any]

_OPTIONAL: Final[Mapping[str, tuple[str, str]]] = {
    "vendors": ("vendors", "id,number,displayName,blocked"),
    "employees": ("employees", "id,number,displayName,status"),
    "tax_groups": ("taxGroups", "id,code,displayName"),
    "currencies": ("currencies", "id,code,displayName"),
}
_ACCOUNT: Final = "id,number,displayName,blocked,accountType,directPosting"


async def read_all(client: BusinessCentralClient, company: Company) -> ReferenceData:
    """Read every list; one the app may not read is left out, except for the accounts. Raises AdapterError."""
    lists = {"accounts": await _items(client, company, "accounts", _ACCOUNT)}
    for name, (path, select) in _OPTIONAL.items():
        try:
            lists[name] = await _items(client, company, path, select)
        except AuthenticationFailed as error:
            if error.code != "permission":
                raise
    slots: dict[str, str] = {}
    known = await dimensions_of(client, company)
    for slot, code in zip(DIMENSIONS, client.options.dimensions, strict=False):
        if code in known:
            slots[slot] = f"{known[code].name} ({code})" if known[code].name else code
            path = f"dimensions({known[code].id})/dimensionValues"
            lists[slot] = await _items(client, company, path, "id,code,displayName")
    return ReferenceData(lists, slots)


async def dimensions_of(client: BusinessCentralClient, company: Company) -> dict[str, ReferenceItem]:
    """Return the company's dimensions by their codes. Raises AuthenticationFailed, AdapterError."""
    items = await _items(client, company, "dimensions", "id,code,displayName")
    return {item.code.upper(): item for item in items}


async def _items(
    client: BusinessCentralClient, company: Company, path: str, select: str
) -> tuple[ReferenceItem, ...]:
    address = f"/companies({company.id})/{path}?" + query(select=select)
    return tuple([_item(node) async for node in client.values(address)])


def _item(node: Node) -> ReferenceItem:
    """Return an entry; a list says of each only what it has a word for."""
    return ReferenceItem(
        id=text_of(node.get("id")),
        code=text_of(node.get("number") or node.get("code")),
        name=text_of(node.get("displayName")),
        open=all(is_open(node) for is_open in _OPEN),
        posting=node.get("directPosting") is not False and _word(node, "accountType", "Posting") == "Posting",
    )


def _is_unblocked(node: Node) -> bool:
    """Tell whether nothing is blocked: an account says so with a truth value, a vendor with a word."""
    blocked = node.get("blocked")
    return blocked is not True and (not isinstance(blocked, str) or not decoded(blocked).strip())


def _is_active(node: Node) -> bool:
    return _word(node, "status", "Active") == "Active"


_OPEN: Final[tuple[Callable[[Node], bool], ...]] = (_is_unblocked, _is_active)


def _word(node: Node, field: str, usual: str) -> str:
    return decoded(text_of(node.get(field))) or usual
