"""The token leaves in one header and shows nowhere else, whatever goes wrong and whoever echoes it."""

import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from integration_admin.adapters.xledger.adapter import XledgerAdapter
from integration_admin.core.errors import AdapterError
from tests.adapters.xledger.fake_http import (
    CANARY,
    CREDENTIALS,
    FakeHTTP,
    graphql,
    lost,
    plain,
    problem,
    voucher,
)

CALLS: dict[str, Callable[[XledgerAdapter], Awaitable[Any]]] = {
    "test": lambda adapter: adapter.test_connection(CREDENTIALS),
    "read": lambda adapter: adapter.reference_data(CREDENTIALS),
    "lookup": lambda adapter: adapter.lookup(CREDENTIALS, ["A"]),
    "fates": lambda adapter: adapter.fates(CREDENTIALS, ["A"]),
    "send": lambda adapter: adapter.send(CREDENTIALS, [voucher(1)]),
}
ECHOES = {
    "refusal": graphql(None, problem(f"The token {CANARY} is unknown to us.")),
    "code": graphql(None, problem("x", f"UNAUTHORIZED.{CANARY}")),
    "refused token": graphql(None, problem(f"Unknown API Token {CANARY}.", "UNAUTHORIZED"), status=401),
    "reset": graphql(None, problem("x", "BAD_REQUEST.INSUFFICIENT_CREDITS", resetAt=CANARY)),
    "page": plain(500, f"<html>{CANARY}"),
    "header": plain(429, "", retry_after=CANARY),
    "redirect": plain(302, "", location=f"https://elsewhere.example/?t={CANARY}"),
    "shape": graphql({CANARY: 1, "viewer": CANARY, "accounts": CANARY, "addGLImportItems": CANARY}),
    "lost": lost(),
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("call", CALLS)
async def test_the_token_is_in_no_error_message_log_line_or_traceback(
    adapter: XledgerAdapter, http: FakeHTTP, call: str, echo: str
) -> None:
    http.answer(ECHOES[echo])
    try:
        told = repr(await CALLS[call](adapter))
    except AdapterError as error:
        told = f"{error.message!r} {error.message} {error.internal} {error!r} {error.code} {error.__dict__}"
        told += "".join(traceback.format_exception(error))
    assert told
    assert CANARY not in told


async def test_the_token_is_in_no_body_and_no_address(adapter: XledgerAdapter, http: FakeHTTP) -> None:
    http.always = lambda _: graphql({"viewer": {"entity": {"dbId": 1}}})
    with pytest.raises(AdapterError):
        await adapter.reference_data(CREDENTIALS)
    for request in http.requests:
        assert CANARY not in request.url + str(request.body)
        assert [name for name, value in request.headers.items() if CANARY in value] == ["Authorization"]


def test_a_used_adapter_holds_no_token(adapter: XledgerAdapter) -> None:
    adapter._client(CREDENTIALS)
    assert CANARY not in repr(vars(adapter)) + repr(vars(adapter._gates))
