"""Pages opened by another name of this machine lead to the one address they work at."""

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from integration_admin.api.one_address import OneAddress
from integration_admin.core.settings import Settings

PAGE = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
HERE = "http://127.0.0.1:3000"


async def asked(
    address: str, *, public_url: str = HERE, method: str = "GET", **headers: str
) -> httpx2.Response:
    """Ask a server of that public address for something, by any other."""

    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("reached")

    app = Starlette(routes=[Route("/{rest:path}", answer, methods=["GET", "POST"])])
    transport = httpx2.ASGITransport(OneAddress(app, Settings(public_url=public_url)))
    async with httpx2.AsyncClient(transport=transport) as client:
        return await client.request(method, address, headers=PAGE | headers)


@pytest.mark.parametrize(
    ("address", "public_url", "leads_to"),
    [
        ("http://localhost:3000/", HERE, f"{HERE}/"),
        ("http://localhost:3000/sign-in?next=%2Frecords&a=b", HERE, f"{HERE}/sign-in?next=%2Frecords&a=b"),
        ("http://[::1]:3000/records", HERE, f"{HERE}/records"),
        ("http://127.0.0.1:3000/records", "http://localhost:3000", "http://localhost:3000/records"),
        ("http://localhost/records", "http://127.0.0.1", "http://127.0.0.1/records"),
    ],
)
async def test_a_page_by_another_name_of_this_machine_leads_to_the_right_one(
    address: str, public_url: str, leads_to: str
) -> None:
    answer = await asked(address, public_url=public_url)
    assert (answer.status_code, answer.headers["location"]) == (307, leads_to)


@pytest.mark.parametrize(
    ("address", "public_url"),
    [
        (f"{HERE}/records", HERE),
        ("http://localhost:9000/records", HERE),
        ("http://intranet:3000/records", HERE),
        ("http://localhost:3000/records", "https://integrations.example.org"),
        ("https://internal.example/records", "https://integrations.example.org"),
    ],
)
async def test_by_its_own_address_or_behind_a_proxy_a_page_stays(address: str, public_url: str) -> None:
    assert (await asked(address, public_url=public_url)).text == "reached"


async def test_programs_and_forms_stay() -> None:
    address = "http://localhost:3000/readyz"
    assert (await asked(address, Accept="*/*")).text == "reached"
    assert (await asked(address, Accept="application/json")).text == "reached"
    assert (await asked(address, method="POST")).text == "reached"


@pytest.mark.parametrize("host", ["", "[", "[::1", "localhost:port", "localhost:99999", "a b"])
async def test_a_host_that_cannot_be_read_leads_nowhere(host: str) -> None:
    assert (await asked(f"{HERE}/records", Host=host)).text == "reached"
