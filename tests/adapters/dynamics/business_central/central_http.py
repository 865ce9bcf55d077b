"""An HTTP client that answers as told in Business Central's place, and keeps what it was asked."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integration_admin.adapters.base import Credentials
from integration_admin.adapters.outbound import Response
from integration_admin.core.errors import AdapterError
from integration_admin.core.secret import Secret

CANARY = "canary~Zx81.8Q-central"
TENANT = "6f1c3f1e-0000-4000-8000-000000000001"
COMPANY = "aaaaaaaa-0000-4000-8000-000000000001"
JOURNAL = "bbbbbbbb-0000-4000-8000-000000000001"
API = "https://api.businesscentral.dynamics.com"
BASE = f"{API}/v2.0/{TENANT}/production/api/v2.0"
SETTINGS = {"tenant": TENANT, "client_id": "app-1", "company": "CRONUS"}
CREDENTIALS = Credentials(SETTINGS, {"client_secret": Secret(CANARY)})


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; the headers have their real values, the body is decoded."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any


Answer = Response | AdapterError | Callable[[Request], Response]


class CentralHTTP:
    """Answers sign-in, company, journal and setup by itself, and everything else with the next answer.

    Purchase invoices have answers of their own; there are none unless told.
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.invoices: list[Answer] = []
        self.requests: list[Request] = []

    @property
    def batches(self) -> list[Request]:
        return [request for request in self.requests if request.url.endswith("/$batch")]

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        secret_headers: Mapping[str, Secret] | None = None,
        body: bytes | None = None,
        **_: Any,
    ) -> Response:
        assert CANARY not in url
        if url.endswith("/oauth2/v2.0/token"):
            return answered({"access_token": "a-token", "expires_in": 3599})
        shown = {name: value.reveal() for name, value in (secret_headers or {}).items()}
        request = Request(method, url, {**headers, **shown}, json.loads(body) if body else None)
        self.requests.append(request)
        usual = _usual(url)
        if usual is not None:
            return answered(usual)
        if url.partition("?")[0].endswith("/purchaseInvoices"):
            answer = self.invoices.pop(0) if self.invoices else answered({"value": []})
        else:
            answer = self.answers.pop(0)
        if isinstance(answer, AdapterError):
            raise answer
        return answer(request) if callable(answer) else answer


def _usual(url: str) -> dict[str, Any] | None:
    path = url.removeprefix(BASE).partition("?")[0]
    if path == "/companies":
        return {"value": [{"id": COMPANY, "name": "CRONUS", "displayName": "Cronus Norge"}]}
    if path == f"/companies({COMPANY})/journals":
        return {"value": [{"id": JOURNAL, "code": "EXPENSES", "balancingAccountNumber": ""}]}
    if path == f"/companies({COMPANY})/generalLedgerSetup":
        return {"localCurrencyCode": "NOK", "allowPostingFrom": "0001-01-01", "allowPostingTo": "0001-01-01"}
    return None


def answered(body: Any, status: int = 200, **headers: str) -> Response:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, text)


def taken(request: Request) -> Response:
    """Answer a batch as if all of it had been carried out."""
    return answered(
        {
            "responses": [
                {"id": operation["id"], "status": 201, "body": {"id": f"line-{operation['id']}"}}
                for operation in request.body["requests"]
            ]
        }
    )


def refused(place: int, code: str, message: str, status: int = 400) -> Callable[[Request], Response]:
    """Answer a batch as Business Central does when one operation is refused: those before it still say 201."""

    def answer(request: Request) -> Response:
        before = [
            {"id": operation["id"], "status": 201, "body": {"id": f"gone-{operation['id']}"}}
            for operation in request.body["requests"][:place]
        ]
        error = {"error": {"code": code, "message": f"{message}  CorrelationId:  {TENANT}."}}
        return answered({"responses": [*before, {"id": str(place), "status": status, "body": error}]})

    return answer
