"""Settings, credentials and vouchers for the tests of the Finance & Operations adapter."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from integration_admin.adapters.base import Credentials, Outcome, Result, Voucher, VoucherLine
from integration_admin.core.money import Money
from integration_admin.core.secret import Secret
from tests.adapters.hostile import Behaviour, Peer, answer
from tests.sandbox.finance_operations import FinanceSandbox

CANARY = "canary-Zx81-secret"
TOKEN = "canary-Yw42-token"


def settings(url: str = "http://127.0.0.1:9102", **changes: str) -> dict[str, str]:
    """Return settings that are right, but for `changes`."""
    usual = {
        "cloud": "custom",
        "endpoint": url,
        "tenant": "eksempelforbundet.onmicrosoft.com",
        "client_id": "11111111-2222-3333-4444-555555555555",
        "company": "NO01",
        "journal_name": "UTLEGG",
        "account_format": "MainAccount,CostCenter,Project",
    }
    return {**usual, **changes}


def credentials(sandbox: FinanceSandbox, by: str = "full", **changes: str) -> Credentials:
    """Return what signs in with one of the sandbox's apps."""
    app = sandbox.demo["apps"][by]
    own = {"tenant": sandbox.demo["tenant"], "client_id": app["client_id"]}
    return Credentials(
        settings(sandbox.url, **{**own, **changes}), {"client_secret": Secret(app["client_secret"])}
    )


def voucher(number: int = 1, *lines: VoucherLine, **fields: str) -> Voucher:
    """Return a voucher under a reference of 22 characters; without lines it has one of 412.00 on 7140."""
    return Voucher(
        reference=reference(number),
        number=number,
        record_id=f"EC-2026-{number}",
        date=date(2026, 11, 5),
        fields={"credit_account": "2910", **fields},
        lines=lines or (line(),),
    )


def reference(number: int) -> str:
    """Return a reference as the product computes them: 22 characters."""
    return f"IAREF{number:017}"


def short(number: int) -> str:
    """Return what the other side keeps of a reference."""
    return reference(number)[2:]


def line(amount: str = "412.00", currency: str = "NOK", **fields: str) -> VoucherLine:
    """Return a line on account 7140 unless told otherwise."""
    return VoucherLine({"account": "7140", "text": "Tog Oslo-Hamar", **fields}, Money.parse(amount, currency))


def results(outcomes: Sequence[Outcome]) -> dict[str, Result]:
    return {outcome.reference: outcome.result for outcome in outcomes}


def told(error: Any) -> str:
    """Return everything an error says anywhere."""
    return f"{error.message!r} {error.message} {error.internal} {error!r} {error.code} {error.__dict__}"


def said(content: Any, status: str = "200 OK", *headers: str) -> bytes:
    """Return an answer with a JSON body."""
    return answer(json.dumps(content).encode(), "Content-Type: application/json", *headers, status=status)


def token(value: str = TOKEN) -> bytes:
    """Return the answer of a token endpoint."""
    return said({"access_token": value, "token_type": "Bearer", "expires_in": 3_599})


def opened(number: str = "00007", company: str = "no01") -> bytes:
    """Return the answer to a journal that was opened."""
    return said({"dataAreaId": company, "JournalBatchNumber": number}, "201 Created")


def batch_answer(*changesets: Sequence[tuple[int, Any]], boundary: str = "b1") -> bytes:
    """Return a $batch answer: a changeset is its answers, each a status and a JSON body."""
    lines: list[str] = []
    for place, answers in enumerate(changesets):
        lines += [f"--{boundary}", f"Content-Type: multipart/mixed; boundary=c{place}", ""]
        for status, body in answers:
            lines += [f"--c{place}", "Content-Type: application/http", "", f"HTTP/1.1 {status} Something"]
            lines += ["Content-Type: application/json", "", json.dumps(body)]
        lines.append(f"--c{place}--")
    lines += [f"--{boundary}--", ""]
    return answer("\r\n".join(lines).encode(), f"Content-Type: multipart/mixed; boundary={boundary}")


def refused(words: str) -> dict[str, Any]:
    """Return the body of an error of a business rule."""
    inner = {
        "message": f"Write failed for table row of type 'LedgerJournalLineEntity'. Infolog: {words}.",
        "type": "Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataWriteException",
        "stacktrace": "   at Secret.Inner.Place()",
    }
    return {"error": {"code": "", "message": "An error has occurred.", "innererror": inner}}


def scripted(**answers: bytes | list[bytes]) -> Behaviour:
    """Answer by what is asked for: token, journal, batch, lines, journals, entities; a list is gone through."""
    left = {name: given if isinstance(given, list) else [given] for name, given in answers.items()}

    async def behave(peer: Peer) -> None:
        while True:
            head = (await peer.request()).split(b"\r\n")[0].decode()
            given = left[_asked_for(head)]
            content = given.pop(0) if len(given) > 1 else given[0]
            if not content:
                return
            await peer.say(content)
            if b"Connection: close" in content:
                return

    return behave


def _asked_for(head: str) -> str:
    if "/oauth2/" in head:
        return "token"
    if "$batch" in head:
        return "batch"
    if "LedgerJournalLines" in head:
        return "lines"
    if "LedgerJournalHeaders" in head:
        return "journal" if head.startswith("POST") else "journals"
    return "entities"
