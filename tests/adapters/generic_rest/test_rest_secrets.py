"""Secrets leave in one header and show nowhere else, whatever goes wrong and whoever echoes them."""

import base64
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from integration_admin.adapters.base import Credentials
from integration_admin.adapters.generic_rest.adapter import GenericRESTAdapter
from integration_admin.core.errors import AdapterError
from integration_admin.core.secret import Secret
from tests.adapters.conftest import Serve
from tests.adapters.generic_rest.ledger import said, scripted, settings, told, voucher
from tests.adapters.hostile import answer

CANARY = "canary-Zx81-secret"
PAIR = base64.b64encode(f"demo:{CANARY}".encode()).decode()
WAYS = {
    "api_key": ({"authentication": "api_key"}, "api_key"),
    "bearer": ({"authentication": "bearer"}, "token"),
    "basic": ({"authentication": "basic", "user": "demo"}, "password"),
    "oauth2": ({"authentication": "oauth2", "client_id": "demo"}, "client_secret"),
}
CALLS: dict[str, Callable[[GenericRESTAdapter, Credentials], Awaitable[Any]]] = {
    "test": lambda adapter, signed_in: adapter.test_connection(signed_in),
    "read": lambda adapter, signed_in: adapter.reference_data(signed_in),
    "lookup": lambda adapter, signed_in: adapter.lookup(signed_in, ["A"]),
    "send": lambda adapter, signed_in: adapter.send(signed_in, [voucher(1)]),
}
WORDS = f"Key {CANARY} or {PAIR} is unknown"
ECHOES = {
    "refusal": said({"detail": WORDS}, "422 No"),
    "rejected": said({"status": "rejected", "error": {"message": WORDS, "field": CANARY}}, "201 Created"),
    "refused": said({"detail": WORDS}, "401 No"),
    "page": answer(f"<html>{WORDS}".encode(), status="500 Oh"),
    "header": answer(b"", f"Retry-After: {CANARY}", status="429 Slow"),
    "redirect": answer(b"", f"Location: https://elsewhere.example/?t={CANARY}", status="302 Found"),
    "shape": said({CANARY: 1, "entity": {"name": WORDS}, "accounts": WORDS, "vouchers": WORDS}),
    "cut": answer(b"{}", "Connection: close")[:-1],
    "text": answer(WORDS.encode()),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("call", CALLS)
async def test_a_secret_is_in_no_error_message_log_line_or_traceback(
    adapter: GenericRESTAdapter, serve: Serve, way: str, echo: str, call: str
) -> None:
    token = said({"access_token": CANARY, "expires_in": 3_600}) if way == "oauth2" else None
    server = await serve(scripted(*filter(None, (token, ECHOES[echo]))))
    url = f"http://127.0.0.1:{server.port}"
    changes, name = WAYS[way]
    signed_in = Credentials(
        settings(url, **changes, token_url=f"{url}/token", accounts_path="/accounts"), {name: Secret(CANARY)}
    )
    try:
        shown = repr(await CALLS[call](adapter, signed_in))
    except AdapterError as error:
        shown = told(error) + "".join(traceback.format_exception(error))
    assert shown
    assert CANARY not in shown
    assert way != "basic" or PAIR not in shown


@pytest.mark.parametrize("way", WAYS)
async def test_a_lost_connection_leaves_no_secret_in_the_variables_of_a_traceback(
    adapter: GenericRESTAdapter, serve: Serve, way: str
) -> None:
    server = await serve(scripted(b""))
    url = f"http://127.0.0.1:{server.port}"
    changes, name = WAYS[way]
    signed_in = Credentials(settings(url, **changes, token_url=f"{url}/token"), {name: Secret(CANARY)})
    with pytest.raises(AdapterError) as lost:
        await adapter.send(signed_in, [voucher(1)])
    trace = traceback.TracebackException.from_exception(lost.value, capture_locals=True)
    ours = [repr(frame.locals) for frame in trace.stack if "integration_admin" in frame.filename]
    assert ours
    assert CANARY not in "".join(ours)
    assert PAIR not in "".join(ours)


async def test_a_secret_is_in_one_header_and_in_no_address_and_no_body(
    adapter: GenericRESTAdapter, serve: Serve
) -> None:
    server = await serve(scripted(said({"id": 1})))
    signed_in = Credentials(
        settings(f"http://127.0.0.1:{server.port}", header_name="X-Key"), {"api_key": Secret(f" {CANARY} ")}
    )
    await adapter.send(signed_in, [voucher(1)])
    [head] = server.heads
    with_it = [line for line in head.decode().split("\r\n") if CANARY in line]
    assert with_it == [f"X-Key: {CANARY}"]


def test_a_used_adapter_holds_no_secret_in_the_open(adapter: GenericRESTAdapter) -> None:
    signed_in = Credentials(settings(), {"api_key": Secret(CANARY)})
    client = adapter._client(signed_in)
    assert CANARY not in repr(vars(adapter)) + repr(vars(adapter._tokens)) + repr(vars(client))
