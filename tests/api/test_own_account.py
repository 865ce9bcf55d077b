"""One's own sessions and password, over HTTP."""

import re

import httpx2

from integration_admin.core.secret import Secret
from tests.api.conftest import EMAIL, PASSWORD, Edge

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEW = "tre katter på et tak"


async def enter(client: httpx2.AsyncClient, user_agent: str = FIREFOX) -> Secret:
    """Sign in and return the cookie."""
    form = {"email": EMAIL, "password": PASSWORD}
    await client.post("/auth/sign-in", data=form, headers={"User-Agent": user_agent})
    return Secret(client.cookies["session"])


async def test_ones_own_sessions_are_shown_and_ended(client: httpx2.AsyncClient, running: Edge) -> None:
    other = await enter(client, "Mozilla/5.0 (iPhone) Version/19.0 Mobile/15E148 Safari/604.1")
    client.cookies.clear()
    this = await enter(client)
    page = await client.get("/settings/sign-in/sessions")
    assert page.status_code == 200
    names = re.findall(r"(?:Firefox|Safari) \S+ \w+(?=</h2>)", page.text)
    assert sorted(names) == ["Firefox on Windows", "Safari on iPhone"]
    named = re.findall(r'name="session" value="([^"]+)"', page.text)
    assert len(named) == 1
    for session in (named[0], named[0], ""):
        answer = await client.post("/auth/sessions/end", data={"session": session})
        assert (answer.status_code, answer.headers["location"]) == (303, "/settings/sign-in/sessions")
    assert (await client.post("/auth/sessions/end", data={"session": "nonsense"})).status_code == 404
    assert await running.services.sign_in.resolve(other) is None
    assert await running.services.sign_in.resolve(this) is not None


async def test_sessions_of_the_same_minute_and_browser_are_told_apart_by_ear(
    client: httpx2.AsyncClient,
) -> None:
    for _ in range(3):
        client.cookies.clear()
        await enter(client)
    page = await client.get("/settings/sign-in/sessions")
    buttons = re.findall(r"<button[^>]*>(.*?)</button>", page.text.partition("<main")[2])
    assert len(buttons) == len(set(buttons)) == 3, "two others, and all at once"


async def test_the_own_password_is_changed_with_the_present_one(
    client: httpx2.AsyncClient, running: Edge
) -> None:
    other = await enter(client)
    client.cookies.clear()
    this = await enter(client)
    assert (await client.get("/settings/sign-in/password")).text.count('type="password"') == 2
    wrong = await client.post("/auth/password", data={"own_password": "not this one", "password": NEW})
    assert (wrong.status_code, 'id="own_password-error"' in wrong.text) == (422, True)
    easy = await client.post("/auth/password", data={"own_password": PASSWORD, "password": "passord12345"})
    assert (easy.status_code, 'id="password-error"' in easy.text) == (422, True)
    done = await client.post("/auth/password", data={"own_password": PASSWORD, "password": NEW})
    assert (done.status_code, 'role="status"' in done.text) == (200, True)
    for page in (wrong, easy, done):
        assert PASSWORD not in page.text
        assert NEW not in page.text
    assert await running.services.sign_in.resolve(other) is None
    assert await running.services.sign_in.resolve(this) is not None


async def test_a_new_password_that_is_sent_twice_is_not_called_wrong_the_second_time(
    client: httpx2.AsyncClient,
) -> None:
    await enter(client)
    page = await client.get("/settings/sign-in/password")
    mark = re.search(r'name="mark" value="([^"]+)"', page.text)
    assert mark is not None
    form = {"own_password": PASSWORD, "password": NEW, "mark": mark[1]}
    assert (await client.post("/auth/password", data=form)).status_code == 200
    again = await client.post("/auth/password", data=form)
    assert (again.status_code, "has been changed since" in again.text) == (409, True)
    assert "-error" not in again.text
    wrong = await client.post("/auth/password", data={**form, "mark": ""})
    assert (wrong.status_code, 'id="own_password-error"' in wrong.text) == (422, True)


async def test_whoever_is_not_signed_in_is_led_to_sign_in(client: httpx2.AsyncClient) -> None:
    for path in ("/settings/sign-in/sessions", "/settings/sign-in/password"):
        assert (await client.get(path)).headers["location"].startswith("/sign-in?next=%2Fsettings%2Fsign-in")
    for path in ("/auth/sessions/end", "/auth/password"):
        assert (await client.post(path)).headers["location"].startswith("/sign-in?")
        assert (await client.post(path, headers={"Origin": "https://evil.example"})).status_code == 403
