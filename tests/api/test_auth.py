"""Signing in and out over HTTP."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from integration_admin.core.secret import Secret
from integration_admin.services.sign_in_limits import SignInLimits
from tests.api.conftest import EMAIL, PASSWORD, Edge
from tests.ports import free_port
from tests.trust import TLS


async def sign_in(client: httpx2.AsyncClient, password: str = PASSWORD, **form: str) -> httpx2.Response:
    return await client.post("/auth/sign-in", data={"email": EMAIL, "password": password} | form)


def query(answer: httpx2.Response) -> dict[str, list[str]]:
    return parse_qs(urlsplit(answer.headers["location"]).query)


async def test_the_right_password_gives_a_cookie_no_script_can_read(client: httpx2.AsyncClient) -> None:
    answer = await sign_in(client, next="/settings/integrations?page=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings/integrations?page=2")
    session, device = answer.headers.get_list("set-cookie")
    for cookie, its_name, seconds in ((session, "session", 604_800), (device, "known-device", 31_536_000)):
        name, *flags = [part.strip() for part in cookie.split(";")]
        assert name.startswith(f"{its_name}=")
        assert set(flags) == {"HttpOnly", f"Max-Age={seconds}", "Path=/", "SameSite=strict"}
    assert answer.headers["cache-control"] == "no-store"


async def test_the_cookie_belongs_to_whoever_signed_in(client: httpx2.AsyncClient, running: Edge) -> None:
    await sign_in(client)
    principal = await running.services.sign_in.resolve(Secret(client.cookies["session"]))
    assert principal is not None
    assert principal.actor == running.alice


async def test_a_wrong_password_leads_back_to_the_form(client: httpx2.AsyncClient) -> None:
    answer = await sign_in(client, "wrong password", next="/records")
    assert answer.status_code == 303
    assert urlsplit(answer.headers["location"]).path == "/sign-in"
    assert query(answer) == {"failed": ["1"], "next": ["/records"]}
    assert "set-cookie" not in answer.headers


async def test_an_unknown_account_gets_the_very_same_answer(client: httpx2.AsyncClient) -> None:
    wrong = await sign_in(client, "wrong password")
    unknown = await client.post("/auth/sign-in", data={"email": "nobody@example.org", "password": "wrong"})
    assert wrong.headers["location"] == unknown.headers["location"]
    assert wrong.status_code == unknown.status_code


async def test_too_many_attempts_are_told_how_long_to_wait(client: httpx2.AsyncClient) -> None:
    await asyncio.gather(*(sign_in(client, "wrong password") for _ in range(10)))
    answer = await sign_in(client)
    assert 0 < int(query(answer)["wait"][0]) <= 15 * 60


async def test_a_browser_that_signed_in_before_is_not_locked_out_by_others_at_its_address(
    client: httpx2.AsyncClient, running: Edge
) -> None:
    await sign_in(client)
    await client.post("/auth/sign-out")
    known = client.cookies["known-device"]
    client.cookies.clear()
    for _ in range(10):
        await running.services.sign_in._limits.check(EMAIL, "127.0.0.1")
    assert "wait" in query(await sign_in(client))
    client.cookies.set("known-device", known)
    assert urlsplit((await sign_in(client)).headers["location"]).path == "/settings/integrations"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "/\t/evil.example/",
        "\\\\evil.example",
        "javascript:alert(1)",
        "settings",
        "/auth/sign-out",
        "/api/docs",
        "",
    ],
)
async def test_an_address_elsewhere_is_no_place_to_go_to(client: httpx2.AsyncClient, target: str) -> None:
    answer = await sign_in(client, next=target)
    assert answer.headers["location"] == "/settings/integrations"


@pytest.mark.parametrize(
    ("page", "there"),
    [
        ("/sign-in?failed=1&next=%2Frecords%3Fpage%3D2", "/records?page=2"),
        ("/sign-in?next=%2F%2Fevil.example", "/settings/integrations"),
        ("/sign-in", "/settings/integrations"),
    ],
)
async def test_whoever_is_quicker_than_the_page_still_gets_where_the_link_led(
    client: httpx2.AsyncClient, page: str, there: str
) -> None:
    client.headers["referer"] = f"{client.headers['origin']}{page}"
    answer = await sign_in(client, next="")
    assert answer.headers["location"] == there


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/auth/sign-in", "/auth/sign-out", "/auth/language"])
async def test_a_form_on_another_site_is_refused(
    client: httpx2.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    form = {"email": EMAIL, "password": PASSWORD, "language": "nn"}
    answer = await client.post(path, data=form, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_form_that_names_no_origin_is_refused(running: Edge) -> None:
    async with httpx2.AsyncClient(verify=TLS, timeout=60.0, base_url=running.url) as bare:
        assert (await sign_in(bare)).status_code == 403


async def test_signing_out_ends_the_session_and_takes_the_cookie(
    client: httpx2.AsyncClient, running: Edge
) -> None:
    await sign_in(client)
    token = Secret(client.cookies["session"])
    answer = await client.post("/auth/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "session" not in client.cookies
    assert await running.services.sign_in.resolve(token) is None


async def test_signing_in_again_ends_the_session_before(client: httpx2.AsyncClient, running: Edge) -> None:
    await sign_in(client)
    first = Secret(client.cookies["session"])
    await sign_in(client)
    assert client.cookies["session"] != first.reveal()
    assert await running.services.sign_in.resolve(first) is None


async def test_a_chosen_language_is_kept_for_the_browser_and_the_member(
    client: httpx2.AsyncClient, running: Edge
) -> None:
    await sign_in(client)
    answer = await client.post(
        "/auth/language", data={"language": "nn"}, headers={"Referer": f"{running.url}/records?page=2"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/records?page=2")
    assert client.cookies["language"] == "nn"
    principal = await running.services.sign_in.resolve(Secret(client.cookies["session"]))
    assert principal is not None
    assert principal.language == "nn"

    async with httpx2.AsyncClient(
        verify=TLS, timeout=60.0, base_url=running.url, headers=client.headers
    ) as elsewhere:
        await sign_in(elsewhere)
        assert elsewhere.cookies["language"] == "nn"


async def test_a_language_chosen_before_signing_in_becomes_that_of_a_member_who_has_none(
    client: httpx2.AsyncClient, running: Edge
) -> None:
    await client.post("/auth/language", data={"language": "en"})
    await sign_in(client)
    principal = await running.services.sign_in.resolve(Secret(client.cookies["session"]))
    assert principal is not None
    assert principal.language == "en"
    await client.post("/auth/language", data={"language": "nn"})
    client.cookies.set("language", "en")
    await sign_in(client)
    principal = await running.services.sign_in.resolve(Secret(client.cookies["session"]))
    assert principal is not None
    assert principal.language == "nn"


async def test_a_language_chosen_before_signing_in_leads_back_to_the_form(
    client: httpx2.AsyncClient, running: Edge
) -> None:
    headers = {"Referer": f"{running.url}/sign-in?failed=1"}
    answer = await client.post("/auth/language", data={"language": "en"}, headers=headers)
    assert answer.headers["location"] == "/sign-in"


async def test_a_language_nobody_translated_is_refused(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/auth/language", data={"language": "se"})).status_code == 422


async def test_a_form_larger_than_any_form_is_refused(client: httpx2.AsyncClient) -> None:
    assert (await sign_in(client, "x" * 70_000)).status_code == 413


async def test_a_file_in_the_form_is_refused(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/auth/sign-in", data={"email": EMAIL}, files={"password": b"x" * 100})
    assert answer.status_code == 422
    assert "set-cookie" not in answer.headers


async def test_uploads_are_not_served(client: httpx2.AsyncClient) -> None:
    for path in ("/_upload", "/_upload/file.txt"):
        assert (await client.post(path, content=b"x")).status_code == 404


async def test_while_redis_is_gone_a_person_gets_a_page_and_a_script_a_problem(
    client: httpx2.AsyncClient, running: Edge
) -> None:
    gone = f"redis://127.0.0.1:{free_port()}/0"
    running.services.sign_in._limits = SignInLimits(f"async+{gone}")
    client.headers["Referer"] = f"{running.url}/sign-in?next=%2Frecords"
    page = await client.post(
        "/auth/sign-in",
        data={"email": EMAIL, "password": PASSWORD},
        headers={"Accept": "text/html,*/*;q=0.8", "Accept-Language": "en"},
    )
    assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "Something went wrong here" in page.text
    assert 'href="/sign-in' in page.text
    assert "127.0.0.1:" not in page.text.replace(running.url, "")
    script = await sign_in(client)
    assert script.headers["content-type"] == "application/problem+json"
