"""Settings, credentials and vouchers for the tests of the REST adapter."""

import json
from datetime import date
from typing import Any

from integration_admin.adapters.base import Credentials, Outcome, Result, Voucher, VoucherLine
from integration_admin.core.money import Money
from integration_admin.core.secret import Secret
from tests.adapters.hostile import Behaviour, Peer, answer
from tests.sandbox.rest import RESTSandbox


def settings(url: str = "https://api.example.org", **changes: str) -> dict[str, str]:
    return {"base_url": url, **changes}


def credentials(sandbox: RESTSandbox, by: str = "full", **changes: str) -> Credentials:
    """Return what signs in with one of the sandbox's keys, or with `by` itself."""
    key = sandbox.credentials["keys"].get(by, by)
    return Credentials(settings(sandbox.url, **changes), {"api_key": Secret(key)})


def voucher(number: int = 1, *lines: VoucherLine, **fields: str) -> Voucher:
    """Return a voucher; without lines it has one of 412.00 on account 7140."""
    return Voucher(
        reference=f"IAREF{number}",
        number=number,
        record_id=f"EC-2026-{number}",
        date=date(2026, 11, 5),
        fields={"credit_account": "2910", **fields},
        lines=lines or (line(),),
    )


def line(amount: str = "412.00", currency: str = "NOK", **fields: str) -> VoucherLine:
    """Return a line on account 7140 unless told otherwise."""
    return VoucherLine({"account": "7140", "text": "Tog Oslo-Hamar", **fields}, Money.parse(amount, currency))


def results(outcomes: list[Outcome]) -> dict[str, Result]:
    return {outcome.reference: outcome.result for outcome in outcomes}


def told(error: Any) -> str:
    """Return everything an error says anywhere."""
    return f"{error.message!r} {error.message} {error.internal} {error!r} {error.code} {error.__dict__}"


def scripted(*answers: bytes) -> Behaviour:
    """Give each request the next answer, the last one for ever; a lost connection is an empty answer."""
    left = list(answers)

    async def behave(peer: Peer) -> None:
        while True:
            await peer.request()
            given = left.pop(0) if len(left) > 1 else left[0]
            if not given:
                return
            await peer.say(given)
            if b"Connection: close" in given:
                return

    return behave


def said(content: Any, status: str = "200 OK", *headers: str) -> bytes:
    """Return an answer with a JSON body."""
    return answer(json.dumps(content).encode(), "Content-Type: application/json", *headers, status=status)
