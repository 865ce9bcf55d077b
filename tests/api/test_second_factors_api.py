"""Second factors over HTTP: the second step, one's own page, what the organisation demands."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urlsplit

import httpx2
import pyotp
import pytest

from integration_admin.api.cookies import without_session
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.core.statuses import FactorDemand, Role
from tests.api.conftest import EMAIL, PASSWORD, Edge
from tests.builders import make_member
from tests.fakes import FakeClock

STEP = timedelta(seconds=30)
OWN, CONFIRM, MEMBERS = "/settings/sign-in", "/settings/sign-in/confirm", "/settings/sign-in/members"


@pytest.fixture
def browser(client: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A browser that asks for English."""
    client.headers["Accept-Language"] = "en"
    return client


async def sign_in(
    browser: httpx2.AsyncClient, email: str = EMAIL, target: str = "/records"
) -> httpx2.Response:
    form = {"email": email, "password": PASSWORD, "next": target}
    return await browser.post("/auth/sign-in", data=form)


async def set_up_app(browser: httpx2.AsyncClient, clock: FakeClock) -> tuple[pyotp.TOTP, list[str]]:
    """Go through the pages of a new app; return it and the recovery codes shown, a step later."""
    begun = await browser.post("/auth/second-factor/begin", data={"next": OWN})
    page = await browser.get(begun.headers["location"])
    app = pyotp.TOTP(key_on(page))
    shown = await browser.post("/auth/second-factor/confirm", data={"code": app.at(clock.now()), "next": OWN})
    assert shown.status_code == 200
    clock.advance(STEP)
    return app, codes_on(shown)


def key_on(page: httpx2.Response) -> str:
    found = re.search(r'<code id="key"[^>]*>([A-Z2-7 ]+)</code>', page.text)
    assert found is not None
    return found.group(1).replace(" ", "")


def codes_on(page: httpx2.Response) -> list[str]:
    return re.findall(r"<li><code>([a-z2-7-]{29})</code>", page.text)


def path_of(answer: httpx2.Response) -> str:
    return urlsplit(answer.headers["location"]).path


async def colleague(running: Edge, email: str, role: Role = Role.VIEWER) -> None:
    """Add somebody who signs in with the same password as Alice."""
    assert running.alice.member_id is not None
    async with running.database.write(running.alice.organisation_id) as unit:
        hashed = (await unit.organisations.member(running.alice.member_id)).password_hash
        name = email.partition("@")[0].title()
        await unit.organisations.add_member(make_member(name, email=email, role=role, password_hash=hashed))


async def test_from_setting_up_an_app_to_signing_in_with_it(
    browser: httpx2.AsyncClient, clock: FakeClock
) -> None:
    await sign_in(browser)
    before = browser.cookies["session"]
    app, codes = await set_up_app(browser, clock)
    assert len(set(codes)) == 10
    browser.cookies.clear()

    half = await sign_in(browser, target="/records?page=2")
    assert half.headers["location"] == "/sign-in/code?next=%2Frecords%3Fpage%3D2"
    assert set(browser.cookies) == {"sign-in-step"}
    flags = {part.strip() for part in half.headers["set-cookie"].split(";")[1:]}
    assert flags == {"HttpOnly", "Max-Age=300", "Path=/", "SameSite=strict"}
    page = await browser.get(half.headers["location"])
    assert 'autocomplete="one-time-code"' in page.text
    assert 'name="next" value="/records?page=2"' in page.text

    code = {"code": f" {app.at(clock.now())} ", "next": "/records?page=2"}
    answer = await browser.post("/auth/code", data=code)
    assert (answer.status_code, answer.headers["location"]) == (303, "/records?page=2")
    assert set(browser.cookies) == {"session", "known-device"}
    assert browser.cookies["session"] != before
    assert (await browser.post("/auth/code", data=code)).headers["location"].startswith("/sign-in?over=1")


async def test_half_signed_in_opens_nothing_but_the_second_step(
    browser: httpx2.AsyncClient, running: Edge, clock: FakeClock
) -> None:
    await sign_in(browser)
    await set_up_app(browser, clock)
    browser.cookies.clear()
    await sign_in(browser)
    token = Secret(browser.cookies["sign-in-step"])
    assert await running.services.sign_in.resolve(token) is None
    for page in (OWN, CONFIRM, MEMBERS, "/sign-in/enrol"):
        assert path_of(await browser.get(page)) == "/sign-in"
    assert (await browser.get("/download/audit-log.csv")).status_code == 401
    for form in ("second-factor/begin", "second-factor/remove", "recovery-codes", "second-factor/demand"):
        answer = await browser.post(f"/auth/{form}", data={})
        assert path_of(answer) == CONFIRM
    browser.cookies.set("session", token.reveal())
    assert path_of(await browser.get(OWN)) == "/sign-in"


async def test_a_wrong_code_is_said_beside_the_field_and_the_token_is_bound_to_its_member(
    browser: httpx2.AsyncClient, running: Edge, clock: FakeClock
) -> None:
    await colleague(running, "bob@example.org")
    await sign_in(browser, "bob@example.org")
    bobs, _ = await set_up_app(browser, clock)
    await sign_in(browser)
    await set_up_app(browser, clock)
    browser.cookies.clear()
    await sign_in(browser)
    answer = await browser.post("/auth/code", data={"code": bobs.at(clock.now()), "next": "/records"})
    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="code-help code-error"' in answer.text
    assert "not right" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert set(browser.cookies) == {"sign-in-step"}


async def test_whoever_must_have_a_factor_is_led_to_setting_it_up(
    browser: httpx2.AsyncClient, running: Edge, clock: FakeClock
) -> None:
    await colleague(running, "bob@example.org")
    await sign_in(browser)
    await set_up_app(browser, clock)
    chosen = await browser.post("/auth/second-factor/demand", data={"demand": "everybody"})
    assert path_of(chosen) == MEMBERS
    browser.cookies.clear()

    half = await sign_in(browser, "bob@example.org")
    assert path_of(half) == "/sign-in/enrol"
    assert "Max-Age=1800" in half.headers["set-cookie"]
    assert (await browser.get("/sign-in/code")).status_code == 303
    page = await browser.get(half.headers["location"])
    assert "Your organisation asks for more than a password" in page.text
    _, codes = await set_up_app(browser, clock)
    assert len(codes) == 10
    assert set(browser.cookies) == {"session", "known-device"}
    principal = await running.services.sign_in.resolve(Secret(browser.cookies["session"]))
    assert principal is not None
    assert principal.email == "bob@example.org"
    refused = await browser.post("/auth/second-factor/remove")
    assert "demands a second factor" in refused.text


async def test_nothing_is_changed_by_somebody_who_signed_in_a_while_ago(
    browser: httpx2.AsyncClient, clock: FakeClock
) -> None:
    await sign_in(browser)
    app, _ = await set_up_app(browser, clock)
    clock.advance(timedelta(minutes=11))
    assert "Remove the app" not in (await browser.get(OWN)).text
    assert path_of(await browser.post("/auth/second-factor/remove")) == CONFIRM
    without = await browser.post("/auth/confirm", data={"own_password": PASSWORD, "code": "", "next": OWN})
    assert without.status_code == 422
    right = {"own_password": PASSWORD, "code": app.at(clock.now()), "next": OWN}
    assert (await browser.post("/auth/confirm", data=right)).headers["location"] == OWN
    assert "Remove the app" in (await browser.get(OWN)).text
    assert "is removed" in (await browser.post("/auth/second-factor/remove")).text


async def test_recovery_codes_are_kept_as_a_file_and_only_codes_are(browser: httpx2.AsyncClient) -> None:
    code = "abcd-efgh-ijkl-mnop-qrst-uvwx"
    answer = await browser.post("/auth/recovery-codes/file", data={"codes": f"{code} <script> x"})
    assert answer.headers["content-disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.split("\r\n")[2:] == [code, ""]


async def test_the_pages_speak_the_readers_language_and_hold_no_inline_script_or_style(
    browser: httpx2.AsyncClient, running: Edge, clock: FakeClock
) -> None:
    await sign_in(browser)
    await set_up_app(browser, clock)
    headings = {}
    for language in ("nb", "nn", "en"):
        left = await browser.post(
            "/auth/language", data={"language": language}, headers={"Referer": f"{running.url}{OWN}"}
        )
        page = await browser.get(left.headers["location"])
        assert f'<html lang="{language}"' in page.text
        assert not re.search(r"<style|<script(?! src=)|\sstyle=|\son[a-z]+=", page.text)
        headings[language] = unescape(re.findall(r"<h1[^>]*>([^<]+)", page.text)[0])
    assert headings["en"] == "Your sign-in"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.COORDINATOR])
async def test_what_the_organisation_demands_is_for_administrators(
    browser: httpx2.AsyncClient, running: Edge, role: Role
) -> None:
    await colleague(running, "bob@example.org", role)
    await sign_in(browser, "bob@example.org")
    assert (await browser.get(MEMBERS)).status_code == 403
    forms = {"demand": {"demand": "everybody"}, "reset": {"member": str(running.alice.member_id)}}
    for name, form in forms.items():
        assert (await browser.post(f"/auth/second-factor/{name}", data=form)).status_code == 403
    async with running.database.read(running.alice.organisation_id) as unit:
        assert (await unit.organisations.get()).factor_demand is FactorDemand.OPTIONAL
        denied = [event.target for event in await unit.audit.latest() if event.action == "access.denied"]
    assert len(denied) == 3


def test_neither_the_session_nor_the_step_before_it_gets_into_the_state() -> None:
    for url, prefix in (("https://accounts.example.org", "__Host-"), ("http://127.0.0.1:3000", "")):
        cookies = f"language=nn; {prefix}session=s; {prefix}sign-in-step=t; {prefix}known-device=d"
        assert without_session(cookies, Settings(public_url=url)) == "language=nn"


async def test_forms_of_other_sites_are_refused(browser: httpx2.AsyncClient) -> None:
    for form in ("code", "confirm", "second-factor/begin", "second-factor/demand", "recovery-codes"):
        answer = await browser.post(f"/auth/{form}", data={}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
