"""Passkeys over HTTP: questions as JSON, and the forms our script sends."""

import re
from datetime import timedelta

import httpx2

from integration_admin.core.secret import Secret
from tests.api.conftest import EMAIL, PASSWORD, Edge
from tests.api.test_second_factors_api import CONFIRM, OWN, browser, codes_on, sign_in
from tests.authenticator import Authenticator
from tests.fakes import FakeClock

__all__ = ["browser"]


async def add_passkey(browser: httpx2.AsyncClient, phone: Authenticator) -> httpx2.Response:
    question = await browser.post("/auth/passkeys/new")
    form = {"answer": phone.make(question.text), "name": "My <phone>", "next": OWN}
    return await browser.post("/auth/passkeys/add", data=form)


async def signed(browser: httpx2.AsyncClient, phone: Authenticator) -> dict[str, str]:
    question = await browser.post("/auth/passkeys/question")
    return {"answer": phone.sign(question.text), "next": "/records"}


async def test_a_passkey_is_added_signs_in_confirms_and_is_removed(
    browser: httpx2.AsyncClient, running: Edge, clock: FakeClock
) -> None:
    phone = Authenticator(running.url, "127.0.0.1")
    await sign_in(browser)
    assert len(codes_on(await add_passkey(browser, phone))) == 10
    browser.cookies.clear()

    half = await sign_in(browser)
    assert 'action="/auth/passkeys/sign-in"' in (await browser.get(half.headers["location"])).text
    answer = await browser.post("/auth/passkeys/sign-in", data=await signed(browser, phone))
    assert (answer.status_code, answer.headers["location"]) == (303, "/records")
    assert set(browser.cookies) == {"session", "known-device"}

    clock.advance(timedelta(minutes=11))
    assert "Rename" not in (await browser.get(OWN)).text
    assert 'action="/auth/passkeys/confirm"' in (await browser.get(CONFIRM)).text
    await browser.post("/auth/passkeys/confirm", data=await signed(browser, phone))
    page = await browser.get(OWN)
    assert "My &lt;phone&gt;: added" in page.text
    (passkey,) = set(re.findall(r'name="passkey" value="([0-9a-f-]{36})"', page.text))
    renamed = await browser.post("/auth/passkeys/rename", data={"passkey": passkey, "name": "Key ring"})
    assert renamed.headers["location"] == OWN
    assert "Key ring: added" in (await browser.get(OWN)).text
    assert "is removed" in (await browser.post("/auth/passkeys/remove", data={"passkey": passkey})).text


async def test_what_is_no_answer_is_refused_on_the_page(browser: httpx2.AsyncClient, running: Edge) -> None:
    page = await browser.get("/sign-in/passkey?next=/records")
    assert '<script src="/passkeys.js" defer></script>' in page.text
    refused = await browser.post("/auth/passkeys/sign-in", data={"answer": "", "next": "/records"})
    assert refused.status_code == 401
    assert "was not accepted" in refused.text
    assert (await browser.post("/auth/passkeys/new")).status_code == 401

    await browser.post("/auth/sign-in", data={"email": EMAIL, "password": PASSWORD})
    made = await browser.post("/auth/passkeys/add", data={"answer": "{}", "name": "Phone"})
    assert made.status_code == 422
    token = Secret(browser.cookies["session"])
    principal = await running.services.sign_in.resolve(token)
    assert principal is not None
    assert not (await running.services.factors.own.own(principal.actor)).any
    confirmed = await browser.post("/auth/passkeys/confirm", data={"answer": "{}", "next": OWN})
    assert confirmed.status_code == 422
    unknown = await browser.post("/auth/passkeys/remove", data={"passkey": "x"})
    assert (unknown.status_code, "There is no such passkey." in unknown.text) == (404, True)


async def test_questions_and_answers_are_for_our_own_pages(browser: httpx2.AsyncClient) -> None:
    for path in ("question", "new", "sign-in", "add", "confirm", "rename", "remove"):
        answer = await browser.post(f"/auth/passkeys/{path}", headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
