"""Secrets leave where they must and show nowhere else, whatever goes wrong and whoever echoes them."""

import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from integration_admin.adapters.base import Credentials
from integration_admin.adapters.dynamics.finance_operations.adapter import FinanceOperationsAdapter
from integration_admin.core.errors import AdapterError
from integration_admin.core.secret import Secret
from tests.adapters.conftest import Serve
from tests.adapters.dynamics.finance_operations.ledger import (
    CANARY,
    TOKEN,
    batch_answer,
    opened,
    refused,
    said,
    scripted,
    settings,
    token,
    told,
    voucher,
)
from tests.adapters.hostile import answer

CALLS: dict[str, Callable[[FinanceOperationsAdapter, Credentials], Awaitable[Any]]] = {
    "test": lambda adapter, signed_in: adapter.test_connection(signed_in),
    "read": lambda adapter, signed_in: adapter.reference_data(signed_in),
    "lookup": lambda adapter, signed_in: adapter.lookup(signed_in, ["A"]),
    "send": lambda adapter, signed_in: adapter.send(signed_in, [voucher(1)]),
}
WORDS = f"Key {CANARY} or Bearer {TOKEN} is unknown"
ECHOES = {
    "refusal": said(refused(f"Error: {WORDS}"), "500 No"),
    "bad": said({"error": {"message": WORDS}}, "400 No"),
    "refused": said({"error": {"message": WORDS}}, "401 No"),
    "forbidden": said({"error": {"message": WORDS}}, "403 No"),
    "page": answer(f"<html>{WORDS}".encode(), status="500 Oh"),
    "header": answer(b"", f"Retry-After: {CANARY}", status="429 Slow"),
    "redirect": answer(b"", f"Location: https://elsewhere.example/?t={TOKEN}", status="302 Found"),
    "shape": said({CANARY: 1, "value": [{"LegalEntityId": "X", "Name": WORDS, "Document": WORDS}]}),
    "link": said({"value": [], "@odata.nextLink": f"https://elsewhere.example/{TOKEN}"}),
    "cut": answer(b"{}", "Connection: close")[:-1],
    "text": answer(WORDS.encode()),
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize(
    ("call", "place"),
    [*((call, place) for call in CALLS for place in ("token", "batch")), ("send", "journal")],
)
async def test_a_secret_is_in_no_error_message_log_line_or_traceback(
    adapter: FinanceOperationsAdapter, serve: Serve, echo: str, call: str, place: str
) -> None:
    given = ECHOES[echo]
    script = {"token": token(), "journal": opened(), "batch": given, "lines": given, "journals": given}
    if place == "token":
        script["token"] = given
    elif place == "journal":
        script["journal"] = given
    server = await serve(scripted(**script, entities=given))
    signed_in = Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret(CANARY)})
    try:
        shown = repr(await CALLS[call](adapter, signed_in))
    except AdapterError as error:
        shown = told(error) + "".join(traceback.format_exception(error))
    assert shown
    assert CANARY not in shown
    # Where the sign-in itself failed there never was a token.
    assert place == "token" or TOKEN not in shown


async def test_a_rejected_voucher_shows_no_secret(adapter: FinanceOperationsAdapter, serve: Serve) -> None:
    row = {
        "Document": voucher(1).reference[2:],
        "JournalBatchNumber": "00007",
        "Voucher": f"{CANARY} {TOKEN}",
    }
    answers = batch_answer([(500, refused(f"Error: {WORDS}"))], [(201, row)] * 2)
    server = await serve(
        scripted(token=token(), journal=opened(), batch=answers, journals=said({"value": []}))
    )
    signed_in = Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret(CANARY)})
    shown = repr(await adapter.send(signed_in, [voucher(2), voucher(1)]))
    assert CANARY not in shown
    assert TOKEN not in shown


async def test_a_lost_connection_leaves_no_secret_in_the_variables_of_a_traceback(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    server = await serve(scripted(token=token(), journal=opened(), batch=b""))
    signed_in = Credentials(settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret(CANARY)})
    with pytest.raises(AdapterError) as lost:
        await adapter.send(signed_in, [voucher(1)])
    trace = traceback.TracebackException.from_exception(lost.value, capture_locals=True)
    ours = "".join(repr(frame.locals) for frame in trace.stack if "integration_admin" in frame.filename)
    assert ours
    assert CANARY not in ours
    assert TOKEN not in ours


async def test_the_secret_is_in_the_sign_in_alone_and_the_token_in_one_header(
    adapter: FinanceOperationsAdapter, serve: Serve
) -> None:
    server = await serve(scripted(token=token(), journal=opened(), batch=batch_answer([(500, {})])))
    signed_in = Credentials(
        settings(f"http://127.0.0.1:{server.port}"), {"client_secret": Secret(f" {CANARY} ")}
    )
    await adapter.send(signed_in, [voucher(1)])
    sign_in, *others = [head.decode() for head in server.heads]
    assert CANARY not in "".join([sign_in, *others])
    for head in others:
        assert [row for row in head.split("\r\n") if TOKEN in row] == [f"Authorization: Bearer {TOKEN}"]


def test_a_used_adapter_holds_no_secret_in_the_open(adapter: FinanceOperationsAdapter) -> None:
    client = adapter._client(Credentials(settings(), {"client_secret": Secret(CANARY)}))
    assert CANARY not in repr(vars(adapter)) + repr(vars(adapter._tokens)) + repr(vars(client))
