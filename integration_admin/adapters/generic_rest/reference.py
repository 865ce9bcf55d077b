"""Reads the list of accounts page by page: by the Link header, or by the number of the page."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from integration_admin.adapters.base import ReferenceData
from integration_admin.adapters.generic_rest import pointer
from integration_admin.adapters.generic_rest.client import RESTClient
from integration_admin.adapters.generic_rest.errors import misshapen
from integration_admin.core.reference import ReferenceItem

_PAGE: Final = "{page}"
_MOST_PAGES: Final = 500
_NEXT = re.compile(r'<([^<>]*)>[^,]*;\s*rel="?next"?', re.IGNORECASE)


async def read_all(client: RESTClient) -> ReferenceData:
    """Return the accounts, or no list where the settings name none. Raises AdapterError."""
    path = client.options.accounts_path
    if not path:
        return ReferenceData({})
    items: dict[str, ReferenceItem] = {}
    address = client.options.address(path.replace(_PAGE, "1"))
    for page in range(2, _MOST_PAGES + 2):
        answer, response = await client.read(address)
        found = _items(answer, client.options.pointers)
        is_new = any(item.id not in items for item in found)
        items |= {item.id: item for item in found}
        following = _following(client, address, response.headers.get("link", ""))
        if not following and _PAGE in path and is_new:
            following = client.options.address(path.replace(_PAGE, str(page)))
        if not following or not is_new:
            return ReferenceData({"accounts": tuple(items.values())})
        address = following
    raise misshapen(detail=f"the accounts have more than {_MOST_PAGES} pages")


def _following(client: RESTClient, address: str, link: str) -> str:
    """Return the address of the next page (RFC 8288); one that leads elsewhere is never followed."""
    found = _NEXT.search(link)
    if found is None:
        return ""
    following: str = urljoin(address, found[1])
    if urlsplit(following)[:2] != urlsplit(client.options.base)[:2]:
        raise misshapen(detail="the next page is on another host")
    return following


def _items(answer: Any, where: Mapping[str, str]) -> list[ReferenceItem]:
    listed = answer if isinstance(answer, list) else pointer.find(answer, where["accounts"])
    if not isinstance(listed, list):
        raise misshapen(detail="the accounts are no list")
    return [item for entry in listed if (item := _item(entry, where)).code]


def _item(entry: Any, where: Mapping[str, str]) -> ReferenceItem:
    code = pointer.text(entry, where["code"])
    return ReferenceItem(
        id=pointer.text(entry, where["id"]) or code,
        code=code,
        name=pointer.text(entry, where["name"]),
        open=pointer.find(entry, "/open") is not False,
        posting=pointer.find(entry, "/posting") is not False,
    )
