"""What a browser does with an organisation's sign-in provider over HTTP, for the tests of it."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from integration_admin.services.signed_in import SignedIn, Visit
from tests.api.conftest import EMAIL, Edge
from tests.fakes import FakeClock
from tests.openid_issuer import CLIENT, SECRET, FakeIssuer, running_issuer

PAGE, CALLBACK = "/settings/sign-in/provider", "/auth/openid/callback"


@pytest.fixture
async def issuer(clock: FakeClock) -> AsyncIterator[FakeIssuer]:
    async with running_issuer(clock) as made:
        made.person = {"email": EMAIL, "email_verified": True}
        yield made


@pytest.fixture
async def browser(client: httpx2.AsyncClient, running: Edge) -> httpx2.AsyncClient:
    """A browser that asks for English, in which Alice is signed in."""
    client.headers["Accept-Language"] = "en"
    await enter(client, running, running.alice.member_id)
    return client


async def enter(client: httpx2.AsyncClient, running: Edge, member_id: Any) -> None:
    """Sign somebody in without a password."""
    async with running.database.read(running.alice.organisation_id) as unit:
        member = await unit.organisations.member(member_id)
    client.cookies.clear()
    opened = await running.services.sign_in.come_with_passkey(member, Visit("127.0.0.1"), None)
    assert isinstance(opened, SignedIn)
    client.cookies.set("session", opened.token.reveal())


def form(issuer: FakeIssuer, /, **changes: str) -> dict[str, str]:
    return {"name": "Entra <b>", "issuer": issuer.url, "client_id": CLIENT, "secret": SECRET} | changes


async def set_up(browser: httpx2.AsyncClient, issuer: FakeIssuer) -> str:
    """Set the provider up by its page; return the sign-in address shown there."""
    saved = await browser.post("/auth/provider/save", data=form(issuer))
    assert saved.status_code == 200
    found = re.search(r'id="sign-in-address">([^<]+)<', saved.text)
    assert found is not None
    return unescape(found[1])


def link_on(page: httpx2.Response, path: str) -> str:
    """Return the address of the page's link to a path."""
    found = re.search(rf'href="({re.escape(path)}[^"]*)"', page.text)
    assert found is not None
    return unescape(found[1])


async def come_back(
    browser: httpx2.AsyncClient, issuer: FakeIssuer, departure: httpx2.Response
) -> httpx2.Response:
    """Come back from the provider, as a browser does: from another site's page, without our strict cookies."""
    assert departure.status_code == 303
    brought = urlencode(issuer.sign_in(departure.headers["location"]))
    session = browser.cookies.get("session")
    for name in {"session", "sign-in-step"} & set(browser.cookies):
        browser.cookies.delete(name)
    answer = await browser.get(f"{CALLBACK}?{brought}", headers={"Sec-Fetch-Site": "cross-site"})
    if session and "session" not in browser.cookies:
        browser.cookies.set("session", session)
    return answer


def cookie_of(answer: httpx2.Response, name: str) -> set[str]:
    """Return the flags of a cookie an answer sets."""
    (line,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{name}=")]
    return {part.strip() for part in line.split(";")[1:]}
