"""What the far side holds under our references: several references in one question, or one by one.

A voucher taken for absent would be booked again, so an answer that is not surely whole, or that holds what
was not asked for, is refused. Of one by one, only a 404 for a path that names the reference means absent. Of
several, only an answer that has none of them does: what one that has some leaves out may have had no room in it.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

from integration_admin.adapters.base import Booked
from integration_admin.adapters.generic_rest import paging, pointer
from integration_admin.adapters.generic_rest.client import READ_SECONDS, RESTClient, decoded
from integration_admin.adapters.generic_rest.errors import misshapen
from integration_admin.adapters.outbound import Response

_ONE: Final = "{reference}"
_SEVERAL: Final = "{references}"
_LONGEST: Final = 1_800
"""Characters of references in one address; common servers and proxies take 2,000 to 8,000 in all."""


async def find(
    client: RESTClient, references: Sequence[str], *, deadline: float = READ_SECONDS
) -> list[Booked]:
    """Return what is booked under each of `references`, absent ones left out.

    `deadline` is in seconds and for each question. Raises AdapterError.
    """
    return [
        booked
        for some, items in await found_for(client, references, deadline=deadline)
        for booked in _count(client, some, items)
    ]


async def found_for(
    client: RESTClient, references: Sequence[str], *, deadline: float = READ_SECONDS
) -> list[tuple[Sequence[str], list[Any]]]:
    """Return the vouchers found, with the references of each question. Raises AdapterError as `find` does."""
    turns = asyncio.Semaphore(client.options.capabilities.in_flight)

    async def ask(some: Sequence[str]) -> tuple[Sequence[str], list[Any]]:
        async with turns:
            return some, await _found(client, some, deadline)

    several = _SEVERAL in client.options.lookup_path
    questions = _chunks(references) if several else ([reference] for reference in references)
    tasks = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(question)) for question in questions]
    except ExceptionGroup as failed:
        # The questions are alike; the first failure speaks for all.
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]


def _chunks(references: Sequence[str]) -> Iterator[list[str]]:
    """Yield the references in as few questions as addresses are long enough for."""
    chunk: list[str] = []
    length = 0
    for reference in references:
        if chunk and length + len(reference) > _LONGEST:
            yield chunk
            chunk, length = [], 0
        chunk.append(reference)
        length += len(reference) + 1
    if chunk:
        yield chunk


async def _found(client: RESTClient, references: Sequence[str], deadline: float) -> list[Any]:
    """Return the vouchers under `references`, asking anew for what an answer left out beside others."""
    found: list[Any] = []
    missing = list(references)
    while missing:
        items = await _ask(client, missing, deadline)
        found += items
        told = set(references_of(client, items))
        if not told:
            break
        missing = [reference for reference in missing if reference not in told]
    return found


async def _ask(client: RESTClient, references: Sequence[str], deadline: float) -> list[Any]:
    path = client.options.lookup_path
    names = ",".join(quote(reference, safe="") for reference in references)
    address = client.options.address(path.replace(_SEVERAL, names).replace(_ONE, names))
    response = await client.get(address, deadline=deadline)
    if response.status == HTTPStatus.NOT_FOUND and _ONE in path.partition("?")[0]:
        return []
    if not 200 <= response.status < 300:
        raise client.unanswered(response, address)
    items = _items(client, decoded(response), response)
    if not set(references_of(client, items)).issubset(references):
        raise misshapen(detail="the lookup's answer holds what was not asked for")
    return items


def references_of(client: RESTClient, items: Sequence[Any]) -> list[str]:
    """Return the reference each voucher names."""
    return [pointer.text(item, client.options.pointers["reference"]) for item in items]


def _items(client: RESTClient, answer: Any, response: Response) -> list[Any]:
    """Return the vouchers an answer holds; one by itself is a list of one."""
    if paging.linked(response) or paging.marked(client.options, answer):
        raise misshapen(detail="the lookup's answer goes on on another page")
    listed = answer if isinstance(answer, list) else pointer.find(answer, client.options.pointers["lookup"])
    if isinstance(listed, list):
        return listed
    alone = _SEVERAL not in client.options.lookup_path
    if alone and pointer.text(answer, client.options.pointers["reference"]):
        return [answer]
    raise misshapen(detail="the lookup's answer holds no list")


def _count(client: RESTClient, references: Sequence[str], items: Sequence[Any]) -> list[Booked]:
    named = references_of(client, items)
    counts = Counter(named)
    ids = {name: client.id_in(item) for name, item in zip(reversed(named), reversed(items), strict=True)}
    return [
        Booked(reference, counts[reference], ids[reference]) for reference in references if counts[reference]
    ]
