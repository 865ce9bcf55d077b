"""Tokens from Entra: what every refusal means, when they are renewed, and that no secret gets out."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest

from integration_admin.adapters.dynamics import entra_errors
from integration_admin.adapters.dynamics.entra import EntraTokens, SignIn, granted_roles
from integration_admin.adapters.outbound import Response
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from tests.fakes import FakeClock

CANARY = "canary~Zx81.8Q-entra"
SECRET = Secret(CANARY)
SIGN_IN = SignIn(
    "https://login.example", "6f1c3f1e-0000-4000-8000-000000000001", "app-1", "https://api.example/.default"
)
TRACE = "8a3c0001-1111-4222-8333-444455556666"

Answer = Response | AdapterError


class EntraHTTP:
    """Answers with the next answer, else with a new token; keeps the forms it was sent."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.seconds: int | str | None = 3599
        self.forms: list[dict[str, str]] = []
        self.addresses: list[str] = []
        self.waits: Callable[[], Any] | None = None

    async def request(self, method: str, url: str, *, body: bytes | None = None, **_: Any) -> Response:
        assert method == "POST"
        assert body is not None
        self.addresses.append(url)
        self.forms.append({name: values[0] for name, values in parse_qs(body.decode()).items()})
        if self.waits is not None:
            await self.waits()
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, AdapterError):
                raise answer
            return answer
        token = {"token_type": "Bearer", "access_token": f"token-{len(self.forms)}"}
        if self.seconds is not None:
            token["expires_in"] = self.seconds  # type: ignore[assignment]  # Entra writes a number there
        return answered(token)


def answered(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, json.dumps(body).encode()
    )


def refusal(
    number: int, word: str = "invalid_client", *, older: bool = False, status: int = 400, **more: Any
) -> Response:
    """A refusal as Entra writes it: older answers part the marks for tracing by line breaks, newer ones by spaces."""
    gap = "\r\n" if older else " "
    told = f"AADSTS{number}: The words of Entra.{gap}Trace ID: {TRACE}{gap}Correlation ID: {TRACE}{gap}Timestamp: 2026-11-21 12:00:00Z"
    return answered(
        {"error": word, "error_description": told, "error_codes": [number], "trace_id": TRACE, **more}, status
    )


@pytest.fixture
def http() -> EntraHTTP:
    return EntraHTTP()


@pytest.fixture
def tokens(http: EntraHTTP, clock: FakeClock) -> EntraTokens:
    return EntraTokens(http, clock)


async def failure(tokens: EntraTokens, secret: Secret = SECRET) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        await tokens.bearer(SIGN_IN, secret, 5.0)
    return caught.value


async def test_a_token_is_asked_for_by_client_credentials_at_the_tenants_own_endpoint(
    tokens: EntraTokens, http: EntraHTTP
) -> None:
    bearer = await tokens.bearer(SIGN_IN, SECRET, 5.0)

    assert bearer.reveal() == "Bearer token-1"
    assert http.addresses == [f"https://login.example/{SIGN_IN.tenant}/oauth2/v2.0/token"]
    assert http.forms == [
        {
            "grant_type": "client_credentials",
            "client_id": "app-1",
            "client_secret": CANARY,
            "scope": "https://api.example/.default",
        }
    ]


ROWS = [
    (7000215, entra_errors.WRONG_SECRET),
    (7000222, entra_errors.EXPIRED_SECRET),
    (7000218, entra_errors.MISSING_SECRET),
    (7000216, entra_errors.MISSING_SECRET),
    (700016, entra_errors.UNKNOWN_APP),
    (7000112, entra_errors.DISABLED_APP),
    (90002, entra_errors.UNKNOWN_TENANT),
    (900023, entra_errors.UNKNOWN_TENANT),
    (900144, entra_errors.WRONG_REQUEST),
    (70011, entra_errors.WRONG_SCOPE),
    (500011, entra_errors.WRONG_SCOPE),
    (9001023, entra_errors.SHARED_TENANT),
    (90124, entra_errors.SHARED_TENANT),
    (90130, entra_errors.SHARED_TENANT),
    (53003, entra_errors.BLOCKED),
]


def test_every_row_of_the_table_is_tried() -> None:
    assert {number for number, _ in ROWS} == set(entra_errors.OF_NUMBER)


@pytest.mark.parametrize("older", [False, True], ids=["spaces", "line breaks"])
@pytest.mark.parametrize(("number", "sentence"), ROWS)
async def test_a_refusal_has_its_own_sentence_in_both_forms_of_the_description(
    tokens: EntraTokens, http: EntraHTTP, number: int, sentence: Message, *, older: bool
) -> None:
    http.answers.append(refusal(number, older=older))

    error = await failure(tokens)

    assert isinstance(error, AuthenticationFailed)
    assert error.message == sentence
    assert error.code == f"AADSTS{number}"
    assert TRACE in error.internal


@pytest.mark.parametrize("number", sorted(entra_errors.PASSING))
async def test_troubles_of_entra_itself_pass(tokens: EntraTokens, http: EntraHTTP, number: int) -> None:
    http.answers.append(refusal(number, "invalid_request"))

    error = await failure(tokens)

    assert (error.fault, error.message) == (Fault.TRANSIENT, entra_errors.BUSY)


@pytest.mark.parametrize("word", ["invalid_request", "invalid_tenant"])
async def test_an_unknown_tenant_is_told_by_its_number_whichever_word_comes_with_it(
    tokens: EntraTokens, http: EntraHTTP, word: str
) -> None:
    http.answers.append(refusal(90002, word))

    assert (await failure(tokens)).message == entra_errors.UNKNOWN_TENANT


async def test_the_number_is_read_from_the_description_where_there_is_no_list_of_numbers(
    tokens: EntraTokens, http: EntraHTTP
) -> None:
    http.answers.append(refusal(7000222, error_codes=None))

    assert (await failure(tokens)).message == entra_errors.EXPIRED_SECRET


async def test_a_secrets_id_in_place_of_its_value_has_its_own_sentence(
    tokens: EntraTokens, http: EntraHTTP
) -> None:
    http.answers.append(refusal(7000215, status=401))
    name = Secret("3f2504e0-4f89-41d3-9a0c-0305e82c3301")

    error = await failure(tokens, name)

    assert error.message == entra_errors.SECRET_ID
    assert name.reveal() not in f"{error.message} {error.internal}"


@pytest.mark.parametrize("older", [False, True], ids=["spaces", "line breaks"])
async def test_a_new_number_shows_entras_words_without_the_marks_for_tracing(
    tokens: EntraTokens, http: EntraHTTP, *, older: bool
) -> None:
    http.answers.append(refusal(7654321, older=older))

    message = str((await failure(tokens)).message)

    assert "“The words of Entra.”" in message
    assert TRACE not in message


@pytest.mark.parametrize(("word", "sentence"), sorted(entra_errors.OF_WORD.items()))
async def test_a_word_without_number_and_description_has_a_sentence(
    tokens: EntraTokens, http: EntraHTTP, word: str, sentence: Message
) -> None:
    http.answers.append(answered({"error": word}, 400))

    assert (await failure(tokens)).message == sentence


@pytest.mark.parametrize("place", ["error", "error_description", "trace_id"])
async def test_a_secret_that_is_sent_back_never_gets_into_an_error(
    tokens: EntraTokens, http: EntraHTTP, place: str
) -> None:
    body = {"error": "invalid_client", "error_description": "AADSTS1: no"} | {
        place: f"You sent {CANARY} here"
    }
    http.answers.append(answered(body, 401))

    error = await failure(tokens)

    assert CANARY not in f"{error.message} {error.internal} {error.code} {error!r}"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (answered({"error": "temporarily_unavailable"}, 400), Fault.TRANSIENT),
        (Response(503, {}, b"<html>down</html>"), Fault.TRANSIENT),
        (Response(200, {"content-type": "text/html"}, b"<html>portal</html>"), Fault.TRANSIENT),
        (answered({"token_type": "Bearer"}), Fault.TRANSIENT),
        (answered({"access_token": "two\r\nlines"}), Fault.TRANSIENT),
        (Response(404, {}, b"<html>nothing</html>"), Fault.CONFIG),
        (Response(302, {}, b""), Fault.CONFIG),
        (AdapterError(msg("Lost."), Fault.UNKNOWN_OUTCOME), Fault.TRANSIENT),
        (AdapterError(msg("No certificate."), Fault.CONFIG), Fault.CONFIG),
    ],
)
async def test_whatever_else_happens_means_that_nothing_was_sent(
    tokens: EntraTokens, http: EntraHTTP, answer: Answer, fault: Fault
) -> None:
    http.answers.append(answer)

    assert (await failure(tokens)).fault is fault


async def test_too_many_requests_wait_as_long_as_entra_asks(tokens: EntraTokens, http: EntraHTTP) -> None:
    http.answers.append(answered({"error": "x"}, 429, retry_after="17"))

    error = await failure(tokens)

    assert (error.fault, error.retry_after) == (Fault.RATE_LIMITED, 17.0)


async def test_an_empty_secret_is_told_without_asking(tokens: EntraTokens, http: EntraHTTP) -> None:
    error = await failure(tokens, Secret("  "))

    assert error.message == entra_errors.MISSING_SECRET
    assert http.forms == []


async def test_a_token_is_used_again_and_renewed_before_it_ends(
    tokens: EntraTokens, http: EntraHTTP, clock: FakeClock
) -> None:
    for _ in range(3):
        await tokens.bearer(SIGN_IN, SECRET, 5.0)
    clock.advance(3200)
    before = await tokens.bearer(SIGN_IN, SECRET, 5.0)
    clock.advance(100)
    after = await tokens.bearer(SIGN_IN, SECRET, 5.0)

    assert (before.reveal(), after.reveal()) == ("Bearer token-1", "Bearer token-2")
    assert len(http.forms) == 2


async def test_half_of_a_short_life_is_used(tokens: EntraTokens, http: EntraHTTP, clock: FakeClock) -> None:
    http.seconds = "60"
    await tokens.bearer(SIGN_IN, SECRET, 5.0)
    clock.advance(29)
    await tokens.bearer(SIGN_IN, SECRET, 5.0)
    clock.advance(2)
    await tokens.bearer(SIGN_IN, SECRET, 5.0)

    assert len(http.forms) == 2


async def test_an_old_token_serves_on_while_entra_is_out_of_order_but_not_past_its_end(
    tokens: EntraTokens, http: EntraHTTP, clock: FakeClock
) -> None:
    await tokens.bearer(SIGN_IN, SECRET, 5.0)
    clock.advance(3400)
    http.answers.append(Response(503, {}, b""))
    assert (await tokens.bearer(SIGN_IN, SECRET, 5.0)).reveal() == "Bearer token-1"
    clock.advance(150)
    http.answers.append(Response(503, {}, b""))

    assert (await failure(tokens)).fault is Fault.TRANSIENT


async def test_a_secret_that_was_withdrawn_is_not_served_by_an_old_token(
    tokens: EntraTokens, http: EntraHTTP, clock: FakeClock
) -> None:
    await tokens.bearer(SIGN_IN, SECRET, 5.0)
    clock.advance(3400)
    http.answers.append(refusal(7000222))

    assert (await failure(tokens)).message == entra_errors.EXPIRED_SECRET


async def test_a_refused_token_is_forgotten_but_a_newer_one_is_kept(
    tokens: EntraTokens, http: EntraHTTP
) -> None:
    first = await tokens.bearer(SIGN_IN, SECRET, 5.0)
    tokens.forget(SIGN_IN, SECRET, first)
    second = await tokens.bearer(SIGN_IN, SECRET, 5.0)
    tokens.forget(SIGN_IN, SECRET, first)

    assert await tokens.bearer(SIGN_IN, SECRET, 5.0) is second
    assert len(http.forms) == 2


async def test_only_one_task_asks_and_all_get_its_token(tokens: EntraTokens, http: EntraHTTP) -> None:
    asked, may_go = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        asked.set()
        await may_go.wait()

    http.waits = wait
    tasks = [asyncio.create_task(tokens.bearer(SIGN_IN, SECRET, 5.0)) for _ in range(5)]
    await asked.wait()
    may_go.set()

    assert {(await task).reveal() for task in tasks} == {"Bearer token-1"}
    assert len(http.forms) == 1


async def test_a_refusal_is_told_to_all_who_waited_and_asked_for_once(
    tokens: EntraTokens, http: EntraHTTP
) -> None:
    http.answers.append(refusal(7000222))
    http.waits = lambda: asyncio.sleep(0)

    errors = await asyncio.gather(*(failure(tokens) for _ in range(5)))

    assert {str(error.message) for error in errors} == {str(entra_errors.EXPIRED_SECRET)}
    assert len({id(error) for error in errors}) == 5
    assert len(http.forms) == 1


async def test_another_secret_has_a_token_of_its_own(tokens: EntraTokens) -> None:
    await tokens.bearer(SIGN_IN, SECRET, 5.0)
    other = await tokens.bearer(SIGN_IN, Secret("another"), 5.0)

    assert other.reveal() == "Bearer token-2"


async def test_waiting_for_somebody_elses_question_ends_with_the_deadline(
    tokens: EntraTokens, http: EntraHTTP
) -> None:
    asked, may_go = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        asked.set()
        await may_go.wait()

    http.waits = wait
    first = asyncio.create_task(tokens.bearer(SIGN_IN, SECRET, 5.0))
    await asked.wait()
    with pytest.raises(AdapterError) as caught:
        await tokens.bearer(SIGN_IN, SECRET, 0.02)
    may_go.set()

    assert caught.value.fault is Fault.TRANSIENT
    assert (await first).reveal() == "Bearer token-1"


def jwt(claims: Any) -> Secret:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Secret(f"Bearer e30.{part}.signature")


@pytest.mark.parametrize(
    ("bearer", "roles"),
    [
        (jwt({"roles": ["API.ReadWrite.All"]}), ("API.ReadWrite.All",)),
        (jwt({"aud": "x"}), ()),
        (jwt([1]), None),
        (jwt({"roles": "text"}), None),
        (Secret("Bearer opaque"), None),
        (Secret("Bearer a.%%.c"), None),
    ],
)
def test_granted_roles_are_read_from_a_token_where_it_has_any(
    bearer: Secret, roles: tuple[str, ...] | None
) -> None:
    assert granted_roles(bearer) == roles
