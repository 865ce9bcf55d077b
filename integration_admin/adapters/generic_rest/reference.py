"""Reads the list of accounts page by page: by the Link header, a mark in the answer, or the page's number."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit

from integration_admin.adapters.base import ReferenceData
from integration_admin.adapters.generic_rest import paging, pointer
from integration_admin.adapters.generic_rest.client import RESTClient
from integration_admin.adapters.generic_rest.errors import misshapen, too_many_pages
from integration_admin.adapters.listing import once_each
from integration_admin.core.reference import ReferenceItem

_PAGE: Final = "{page}"
_CURSOR: Final = "{cursor}"
_MOST_PAGES: Final = 500
_MOST_STALE: Final = 3
"""Pages in a row without anything new after which a list has no end, whatever it says."""


async def read_all(client: RESTClient) -> ReferenceData:
    """Return the accounts, or no list where the settings name none. Raises AdapterError."""
    path = client.options.accounts_path
    if not path:
        return ReferenceData({})
    items: dict[str, ReferenceItem] = {}
    asked: set[str] = set()
    stale = 0
    address = client.options.address(_first(path))
    for page in range(2, _MOST_PAGES + 2):
        asked.add(address)
        answer, response = await client.read(address)
        found = _items(answer, client.options.pointers)
        is_new = any(item.id not in items for item in found)
        stale = 0 if is_new else stale + 1
        items |= {item.id: item for item in found}
        following = _linked(client, address, paging.linked(response)) or _marked(client, address, answer)
        if not following and _PAGE in path and is_new:
            following = client.options.address(path.replace(_PAGE, str(page)))
        # A page may hold nothing new and still have one after it, but the same question has the same answer.
        if not following or following in asked or stale > _MOST_STALE:
            return ReferenceData({"accounts": once_each(items.values())})
        address = following
    raise too_many_pages(_MOST_PAGES)


def _first(path: str) -> str:
    """Return the path of the first page, which has no mark; a parameter that is only a mark is left out."""
    before, question, query = path.partition("?")
    kept = [part for part in query.split("&") if _CURSOR not in part]
    return before.replace(_PAGE, "1").replace(_CURSOR, "") + (
        question + "&".join(kept).replace(_PAGE, "1") if any(kept) else ""
    )


def _marked(client: RESTClient, address: str, answer: Any) -> str:
    """Return the address of the next page from the mark in an answer: a cursor, or the address itself."""
    mark = paging.marked(client.options, answer)
    if not mark:
        return ""
    path = client.options.accounts_path
    if _CURSOR in path:
        return client.options.address(path.replace(_CURSOR, quote(mark, safe="")))
    return _elsewhere(client, address, mark)


def _linked(client: RESTClient, address: str, link: str) -> str:
    """Return the address of the next page from a link; one that leads elsewhere is never followed."""
    return _elsewhere(client, address, link) if link else ""


def _elsewhere(client: RESTClient, address: str, given: str) -> str:
    following: str = urljoin(address, given)
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
