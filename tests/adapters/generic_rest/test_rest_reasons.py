"""What the far side says of a refusal reaches whoever has to act: of a voucher, of a question, and of a sign-in."""

from typing import Any

import pytest

from integration_admin.adapters.base import Credentials, Result
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.core.errors import AdapterError, AuthenticationFailed, Fault
from integration_admin.core.secret import Secret
from tests.adapters.conftest import Serve
from tests.adapters.generic_rest.ledger import said, scripted, settings, told, voucher
from tests.adapters.hostile import Server, answer

KEY = "key-1-of-nobody-else"


def there(server: Server, key: str = KEY, **changes: str) -> Credentials:
    return Credentials(settings(f"http://127.0.0.1:{server.port}", **changes), {"api_key": Secret(key)})


def client(server: Server, **changes: str) -> Credentials:
    url = f"http://127.0.0.1:{server.port}"
    changes = {"authentication": "oauth2", "token_url": f"{url}/token", "client_id": "us", **changes}
    return Credentials(settings(url, **changes), {"client_secret": Secret(KEY)})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            {"title": "Validation failed", "errors": {"lines[0].account": ["Unknown account 714."]}},
            "“Validation failed lines[0].account: Unknown account 714.”",
        ),
        (
            {"message": "Feil", "validationMessages": [{"field": "date", "message": "Perioden er stengt"}]},
            "“Feil date: Perioden er stengt”",
        ),
        ({"errors": ["One.", "Two.", "Two.", "Four."]}, "“One. Two.”"),
        ({"errors": [{"detail": "No such account"}]}, "“No such account”"),
        ({"detail": "No such account", "errors": [{"detail": "No such account"}]}, "“No such account”"),
        ({"error": {"message": "No such account"}, "errors": ["Something else"]}, "“No such account”"),
        ({"errors": {"": [], "a": None, "b": {"c": 1}}, "detail": "No"}, "“No”"),
        ({"errors": 7}, "does not say why"),
    ],
)
async def test_a_reason_told_error_by_error_is_shown(
    adapter: GenericRESTAdapter, serve: Serve, content: Any, words: str
) -> None:
    server = await serve(scripted(said(content, "422 Unprocessable")))
    [outcome] = await adapter.send(there(server), [voucher(1)])
    assert outcome.result is Result.REJECTED
    assert words in str(outcome.message)


@pytest.mark.parametrize("word", ["rejected", "Rejected", "REJECTED "])
async def test_the_word_for_a_refused_voucher_is_known_in_capitals_too(
    adapter: GenericRESTAdapter, serve: Serve, word: str
) -> None:
    result = {"reference": "IAREF1", "id": 17, "status": word, "message": "The period is closed"}
    server = await serve(scripted(said({"vouchers": [result]}, "201 Created")))
    [outcome] = await adapter.send(there(server, batch="10"), [voucher(1)])
    assert outcome.result is Result.REJECTED
    assert "The period is closed" in str(outcome.message)


async def test_a_question_that_is_refused_is_answered_with_the_far_sides_words(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    server = await serve(scripted(said({"detail": f"Ask for a <b>reference</b>, {KEY}."}, "400 Bad Request")))
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(there(server), ["IAREF1"])
    assert failed.value.fault is Fault.CONFIG
    assert "(400). It says: “Ask for a reference , ….” Check the path" in str(failed.value.message)
    assert KEY not in told(failed.value)


async def test_what_nothing_there_takes_is_told_with_the_far_sides_words(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    server = await serve(scripted(said({"message": "Send XML."}, "415 Unsupported Media Type")))
    with pytest.raises(AdapterError) as failed:
        await adapter.send(there(server), [voucher(1)])
    assert failed.value.fault is Fault.CONFIG
    assert "(415). It says: “Send XML.”" in str(failed.value.message)


async def test_a_question_that_is_refused_without_words_says_what_to_check(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    server = await serve(scripted(answer(b"<html>no</html>", status="400 Bad Request")))
    with pytest.raises(AdapterError) as failed:
        await adapter.lookup(there(server), ["IAREF1"])
    assert "(400). Check the path and how to sign in." in str(failed.value.message)


@pytest.mark.parametrize(
    ("status", "content", "words"),
    [
        ("401 Unauthorized", {"detail": f"{KEY} ran out in May."}, "in force. It says: “… ran out in May.”"),
        (
            "403 Forbidden",
            {"message": "10.0.0.7 may not call."},
            "vouchers. It says: “10.0.0.7 may not call.”",
        ),
        ("401 Unauthorized", {"error": "Unauthorized"}, "still in force."),
        ("403 Forbidden", {"title": "Forbidden."}, "the right to book vouchers."),
        ("403 Forbidden", [], "the right to book vouchers."),
    ],
)
async def test_whoever_is_not_let_in_is_told_why_where_the_far_side_says_it(
    adapter: GenericRESTAdapter, serve: Serve, status: str, content: Any, words: str
) -> None:
    server = await serve(scripted(said(content, status)))
    for call in (adapter.test_connection(there(server)), adapter.send(there(server), [voucher(1)])):
        with pytest.raises(AuthenticationFailed) as failed:
            await call
        assert str(failed.value.message).endswith(words)
        assert KEY not in told(failed.value)


@pytest.mark.parametrize(
    ("content", "scope", "words"),
    [
        ({"error": "invalid_scope"}, "voucher.write", "for the scope “voucher.write”. Check Scope"),
        ({"error": "invalid_scope"}, "", "without a scope"),
        ({"error": "unauthorized_client"}, "", "by its secret alone"),
        ({"error": "unsupported_grant_type"}, "", "by its secret alone"),
        ({"error": "invalid_client"}, "", "refuses the credentials"),
        ({"error": {"code": 7}}, "", "refuses the credentials"),
        ([], "", "refuses the credentials"),
    ],
)
@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized"])
async def test_a_token_that_is_refused_says_by_oauths_own_word_what_to_change(
    adapter: GenericRESTAdapter, serve: Serve, status: str, content: Any, scope: str, words: str
) -> None:
    server = await serve(scripted(said(content, status)))
    with pytest.raises(AuthenticationFailed) as failed:
        await adapter.test_connection(client(server, scope=scope))
    assert words in str(failed.value.message)


async def test_a_key_may_have_a_word_before_it(adapter: GenericRESTAdapter, serve: Serve) -> None:
    server = await serve(scripted(said({"entity": {"name": "Forbundet"}}), said([])))
    found = await adapter.test_connection(there(server, "Token 4f2a", header_name="Authorization"))
    assert found.entity == "Forbundet"
    assert all(b"\r\nauthorization: token 4f2a\r\n" in head.lower() for head in server.heads)
