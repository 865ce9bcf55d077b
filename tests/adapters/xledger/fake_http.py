"""An HTTP client that answers as it is told and keeps what it was asked, and vouchers to send through it."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from integration_admin.adapters.base import Credentials, Voucher, VoucherLine
from integration_admin.adapters.outbound import Response
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.core.secret import Secret
from tests.fakes import FakeClock

CANARY = "canary-Zx81-token"
CREDENTIALS = Credentials({"environment": "demo"}, {"token": Secret(CANARY)})


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: the address, all headers with their real values, and the decoded body."""

    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    at: float

    @property
    def variables(self) -> Mapping[str, Any]:
        return self.body["variables"]

    @property
    def nodes(self) -> list[Mapping[str, Any]]:
        """The nodes of a mutation."""
        return [entry["node"] for entry in self.variables["inputs"]]

    @property
    def references(self) -> list[str]:
        """Our references in a mutation."""
        return [node["extIdentifier"] for node in self.nodes if "extIdentifier" in node]


Answer = Response | AdapterError | Callable[[Request], Response]


class FakeHTTP:
    """Gives each request the next answer; a request without one fails the test. Each takes `seconds`."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.answers: deque[Answer] = deque()
        self.always: Callable[[Request], Response] | None = None
        self.requests: list[Request] = []
        self.seconds = 0.0

    def answer(self, *answers: Answer) -> None:
        """Queue answers."""
        self.answers.extend(answers)

    @property
    def sent(self) -> list[Request]:
        """The mutations among the requests."""
        return [request for request in self.requests if "mutation" in request.body["query"]]

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        secret_headers: Mapping[str, Secret],
        body: bytes | None = None,
        deadline: float = 10.0,
        max_bytes: int = 1,
    ) -> Response:
        assert method == "POST"
        assert deadline > 0
        assert max_bytes > 0
        revealed = {name: secret.reveal() for name, secret in secret_headers.items()}
        request = Request(url, {**headers, **revealed}, json.loads(body or b""), self._clock.monotonic())
        self.requests.append(request)
        self._clock.advance(self.seconds)
        answer = self.answers.popleft() if self.answers else self.always
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None, "an unexpected request"
        return answer if isinstance(answer, Response) else answer(request)


def graphql(data: Mapping[str, Any] | None = None, *errors: Mapping[str, Any], status: int = 200) -> Response:
    """Return a GraphQL answer."""
    body: dict[str, Any] = {"data": data}
    if errors:
        body["errors"] = list(errors)
    return Response(status, {"content-type": "application/json"}, json.dumps(body).encode())


def problem(message: str, code: str = "BAD_REQUEST", **extensions: Any) -> dict[str, Any]:
    """Return one entry of `errors[]`."""
    return {"message": message, "code": code, "extensions": extensions}


def plain(status: int, body: str = "", **headers: str) -> Response:
    """Return an answer that is no GraphQL."""
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode())


def taken(request: Request) -> Response:
    """Take every node of a mutation and number them."""
    edges = [
        {"clientId": entry["clientId"], "node": {"dbId": str(40_001 + place)}}
        for place, entry in enumerate(request.variables["inputs"])
    ]
    return graphql({"addGLImportItems": {"edges": edges}})


def found(*queued: tuple[str, str], posted: tuple[tuple[str, str], ...] = ()) -> Response:
    """Return what a lookup finds: (reference, dbId) in the import queue and in the books."""
    return graphql({"glImportItems": _edges(queued), "journalEntries": _edges(posted)})


def _edges(nodes: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    edges = [{"node": {"extIdentifier": ref, "dbId": db_id}} for ref, db_id in nodes]
    return {"edges": edges or None, "pageInfo": {"hasNextPage": False}}


def lost(code: str = "connection_lost", fault: Fault = Fault.UNKNOWN_OUTCOME) -> AdapterError:
    """Return what the HTTP client raises when no whole answer comes."""
    return AdapterError(msg("The connection broke."), fault, code=code)


BURST = graphql(None, problem("Too many requests", "BAD_REQUEST.BURST_RATE_LIMIT_REACHED"))
CONCURRENCY = graphql(None, problem("Too many", "BAD_REQUEST.CONCURRENCY_LIMIT_REACHED"), status=429)


def credits_used_up(reset_at: str) -> Response:
    """Return the refusal for want of credits."""
    return graphql(None, problem("No credits", "BAD_REQUEST.INSUFFICIENT_CREDITS", resetAt=reset_at))


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
