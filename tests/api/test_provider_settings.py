"""Setting up the organisation's sign-in provider over HTTP: what the page shows, who may, and in which language."""

import re
from urllib.parse import parse_qsl, urlsplit

import httpx2

from integration_admin.core.statuses import Role
from tests.api.at_provider import (
    CALLBACK,
    PAGE,
    browser,
    enter,
    form,
    issuer,
    link_on,
    set_up,
)
from tests.api.conftest import Edge
from tests.builders import make_member
from tests.fakes import FakeClock
from tests.openid_issuer import DISCOVERY, SECRET, FakeIssuer, answering

__all__ = ["browser", "issuer"]


async def test_the_page_shows_what_is_stored_and_never_the_secret(
    browser: httpx2.AsyncClient, issuer: FakeIssuer, clock: FakeClock
) -> None:
    fresh = await browser.get(PAGE)
    assert f"{browser.base_url}".rstrip("/") + CALLBACK in fresh.text
    wrong = await browser.post("/auth/provider/save", data=form(issuer, issuer="ftp://x", client_id=""))
    assert wrong.status_code == 422
    assert 'aria-describedby="issuer-help issuer-error"' in wrong.text
    assert SECRET not in wrong.text
    saved = await browser.post("/auth/provider/save", data=form(issuer))
    assert "The issuer answers" in saved.text
    issuer.answers = {DISCOVERY: answering(404, {})}
    looked = await browser.post("/auth/provider/look")
    assert (looked.status_code, "answers 404" in looked.text) == (422, True)
    for page in (saved, looked, await browser.get(PAGE)):
        assert SECRET not in page.text
        assert "Entra &lt;b&gt;" in page.text
    clock.advance(700)
    told = await browser.get(PAGE)
    assert 'action="/auth/provider/' not in told.text.replace('action="/auth/provider/look"', "")
    for name in ("save", "look", "demand", "free", "remove", "disconnect"):
        asked = await browser.post(f"/auth/provider/{name}", data=form(issuer))
        assert asked.headers["location"] == f"/settings/sign-in/confirm?next={PAGE.replace('/', '%2F')}"


async def test_setting_it_up_is_for_administrators_and_from_our_own_pages(
    browser: httpx2.AsyncClient, running: Edge, issuer: FakeIssuer
) -> None:
    await set_up(browser, issuer)
    foreign = await browser.post("/auth/provider/remove", headers={"Origin": "https://evil.example.org"})
    assert foreign.status_code == 403
    bob = make_member("Bob", email="bob@example.org", role=Role.COORDINATOR)
    async with running.database.write(running.alice.organisation_id) as unit:
        await unit.organisations.add_member(bob)
    await enter(browser, running, bob.id)
    assert (await browser.get(PAGE)).status_code == 403
    for name in ("save", "look", "demand", "free", "remove"):
        assert (await browser.post(f"/auth/provider/{name}", data=form(issuer))).status_code == 403
    other = {"member": str(running.alice.member_id)}
    assert (await browser.post("/auth/provider/disconnect", data=other)).status_code == 403
    async with running.database.read(running.alice.organisation_id) as unit:
        denied = [line.actor for line in await unit.audit.latest() if line.action == "access.denied"]
    assert denied == ["Bob"] * 7


async def test_the_pages_speak_every_language_and_hold_no_inline_script_or_style(
    browser: httpx2.AsyncClient, running: Edge, issuer: FakeIssuer
) -> None:
    await set_up(browser, issuer)
    for language in ("nb", "nn", "en"):
        left = await browser.post(
            "/auth/language", data={"language": language}, headers={"Referer": f"{running.url}{PAGE}"}
        )
        assert left.headers["location"] == PAGE
        page = await browser.get(PAGE)
        assert f'<html lang="{language}"' in page.text
        assert not re.search(r"<style|<script(?! src=)|\sstyle=|\son[a-z]+=", page.text)
        assert dict(parse_qsl(urlsplit(link_on(page, "/settings/sign-in")).query)) == {}
