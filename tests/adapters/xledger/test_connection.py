"""The connection test: every way it can go wrong has its own sentence, and the secret is in none."""

import asyncio
from typing import Any

import pytest

from integration_admin.adapters.base import Credentials
from integration_admin.adapters.outbound import Response
from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.secret import Secret
from tests.adapters.xledger.fake_http import (
    BURST,
    CANARY,
    CREDENTIALS,
    FakeHTTP,
    credits_used_up,
    graphql,
    lost,
    plain,
    problem,
)
from tests.fakes import FakeClock

VIEWER = graphql({"viewer": {"entity": {"dbId": 1000101, "code": "1000", "description": "Eksempel"}}})
EMPTY = {"edges": None}
LISTS = ("accounts", "glImportItems", "journalEntries", "projects", "objectKinds", "subledgers")


def rights(*denied: str) -> Response:
    data = {name: None if name in denied else EMPTY for name in LISTS}
    errors = [problem(f"Access denied to {name}.", "FORBIDDEN.MISSING_SCOPE") for name in denied]
    return graphql(data, *errors)


async def failure(adapter: XledgerAdapter, credentials: Credentials = CREDENTIALS) -> AdapterError:
    with pytest.raises(AdapterError) as failed:
        await adapter.test_connection(credentials)
    return failed.value


async def test_a_good_token_names_the_entity_it_reaches(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.answer(VIEWER, rights())
    connection = await adapter.test_connection(CREDENTIALS)
    assert (connection.entity, connection.warnings) == ("1000 Eksempel", ())
    assert {request.url for request in http.requests} == {"https://demo.xledger.net/graphql"}
    assert {request.headers["Authorization"] for request in http.requests} == {f"token {CANARY}"}


async def test_an_entity_keeps_its_id_when_it_is_renamed(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    renamed = graphql({"viewer": {"entity": {"dbId": "1000101", "code": "1000", "description": "Nytt navn"}}})
    http.answer(VIEWER, rights(), renamed, rights())
    before, after = [await adapter.test_connection(CREDENTIALS) for _ in range(2)]
    assert (before.entity_id, after.entity_id) == ("1000101", "1000101")
    assert before.entity != after.entity


async def test_lists_that_only_help_are_warned_about(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.answer(VIEWER, rights("projects", "subledgers"))
    connection = await adapter.test_connection(CREDENTIALS)
    assert [str(warning)[:35] for warning in connection.warnings] == [
        "The token may not read projects, so",
        "The token may not read subledgers, ",
    ]


@pytest.mark.parametrize("missing", ["accounts", "glImportItems", "journalEntries"])
async def test_a_missing_right_to_the_ledger_is_told_apart_from_a_bad_token(
    adapter: XledgerAdapter, http: FakeHTTP, missing: str
) -> None:
    http.answer(VIEWER, rights(missing))
    error = await failure(adapter)
    assert (error.fault, error.code) == (Fault.CONFIG, "scope")
    assert "may not read General Ledger" in str(error.message)


TOKEN_PROBLEMS = {
    "wrong header": (
        problem('Bad format for API Token. Expected header: "Authorization: token <your-token>"'),
        "token_format",
    ),
    "unknown": (problem("Unknown API Token.", "UNAUTHORIZED.UNKNOWN_TOKEN"), "token_refused"),
    "expired": (problem("The API Token has expired.", "UNAUTHORIZED.TOKEN_EXPIRED"), "token_expired"),
}


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize("kind", TOKEN_PROBLEMS)
async def test_a_refused_token_stops_the_integration_whatever_the_status(
    adapter: XledgerAdapter, http: FakeHTTP, kind: str, status: int
) -> None:
    entry, code = TOKEN_PROBLEMS[kind]
    http.answer(graphql(None, entry, status=status))
    error = await failure(adapter)
    assert isinstance(error, AuthenticationFailed)
    assert error.code == code


ANSWERS: dict[str, tuple[Any, str, Fault]] = {
    "web page": (plain(200, "<!doctype html><p>Hi", content_type="text/html"), "html", Fault.CONFIG),
    "not json": (plain(200, "OK"), "not_json", Fault.UPSTREAM),
    "json, not graphql": (plain(200, '{"hello": 1}'), "not_json", Fault.UPSTREAM),
    "redirect": (plain(302, "", location="https://elsewhere.example/"), "redirect", Fault.CONFIG),
    "unauthorised": (plain(401, "no"), "token_refused", Fault.CONFIG),
    "firewall": (plain(403, "<html>no"), "forbidden", Fault.CONFIG),
    "no such page": (plain(404, "<html>no"), "not_found", Fault.CONFIG),
    "too many": (plain(429, "", retry_after="17"), "burst_limit", Fault.RATE_LIMITED),
    "server error": (plain(500, "<html>oops"), "server_error", Fault.UPSTREAM),
    "server error in json": (
        graphql(None, problem("x", "UNHANDLED_ERROR")),
        "server_error",
        Fault.UPSTREAM,
    ),
    "question not understood": (
        graphql(None, problem('Cannot query field "viewer" on type "Query".')),
        "schema",
        Fault.CONFIG,
    ),
    "other refusal": (graphql(None, problem("Not on a Sunday.")), "invalid", Fault.UPSTREAM),
    "no entity": (graphql({"viewer": {"entity": None}}), "shape", Fault.UPSTREAM),
    "burst": (BURST, "burst_limit", Fault.RATE_LIMITED),
    "nothing came": (lost("deadline"), "deadline", Fault.UPSTREAM),
    "no connection": (lost("refused", Fault.TRANSIENT), "refused", Fault.TRANSIENT),
    "certificate": (lost("tls", Fault.CONFIG), "tls", Fault.CONFIG),
}


@pytest.mark.parametrize("kind", ANSWERS)
async def test_every_bad_answer_has_its_own_cause(adapter: XledgerAdapter, http: FakeHTTP, kind: str) -> None:
    answer, code, fault = ANSWERS[kind]
    http.answer(answer)
    error = await failure(adapter)
    assert (error.code, error.fault) == (code, fault)
    assert len(http.requests) == 1


async def test_no_two_causes_share_a_sentence(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    codes_of: dict[str, set[str]] = {}
    for answer, code, _ in ANSWERS.values():
        http.answer(answer)
        error = await failure(adapter)
        if not isinstance(answer, AdapterError):
            codes_of.setdefault(str(error.message), set()).add(code)
    assert all(len(codes) == 1 for codes in codes_of.values())
    assert set.union(*codes_of.values()) == {
        code for answer, code, _ in ANSWERS.values() if not isinstance(answer, AdapterError)
    }


async def test_a_limit_asks_for_the_wait_the_server_names(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.answer(plain(429, "", retry_after="17"))
    assert (await failure(adapter)).retry_after == 17.0


@pytest.mark.parametrize(
    ("reset_at", "seconds"),
    [
        ("2026-11-21T13:30:00", 1_800.0),  # the clock stands at 12:00 UTC, 13:00 in Oslo
        ("2026-11-21T12:15:00Z", 900.0),
        ("2026-11-21T11:00:00", 1.0),
        ("soon", 1_200.0),
        ("", 1_200.0),
    ],
)
async def test_used_up_credits_come_back_at_xledgers_own_norwegian_time(
    adapter: XledgerAdapter, http: FakeHTTP, reset_at: str, seconds: float
) -> None:
    http.answer(credits_used_up(reset_at))
    error = await failure(adapter)
    assert (error.code, error.retry_after) == ("credits", seconds)


async def test_a_server_that_never_answers_ends_the_test_in_time(clock: FakeClock) -> None:
    class Silent(FakeHTTP):
        async def request(self, *_: object, **__: object) -> Response:
            await asyncio.Event().wait()
            raise AssertionError

    error = await failure(XledgerAdapter(Silent(clock), clock, test_seconds=0.05))
    assert (error.code, error.fault) == ("deadline", Fault.UPSTREAM)
    assert "ten seconds" in str(error.message)


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak", "blåbær", "bell\x07"])
async def test_what_cannot_be_a_token_is_refused_before_anything_is_sent(
    adapter: XledgerAdapter, http: FakeHTTP, token: str
) -> None:
    error = await failure(adapter, Credentials({}, {"token": Secret(token)}))
    assert isinstance(error, AuthenticationFailed)
    assert error.code == "token_format"
    assert "a space or another sign" in str(error.message)
    assert http.requests == []


async def test_a_missing_token_is_refused_before_anything_is_sent(
    adapter: XledgerAdapter, http: FakeHTTP
) -> None:
    assert (await failure(adapter, Credentials({}))).code == "token_format"
    assert http.requests == []
