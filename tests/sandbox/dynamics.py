"""A simulated Microsoft Dynamics on a real socket, and a client that speaks to it as anybody would."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from integration_admin.sandbox.dynamics.app import create_app, describe
from integration_admin.sandbox.servers import running
from tests.fakes import FakeClock
from tests.trust import TLS

SCOPE = "https://api.businesscentral.dynamics.com/.default"

Record = dict[str, Any]


@dataclass
class DynamicsSandbox:
    """One running sandbox and how to call it; every call names an app by its name in `apps`."""

    url: str
    found: dict[str, Any]
    http: httpx2.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)
    company: str = ""

    async def sign_in(self, *, tenant: str | None = None, **form: str | None) -> httpx2.Response:
        """Ask for a token; keyword arguments change the form, None takes a parameter away."""
        whole = {
            "grant_type": "client_credentials",
            "client_id": self.found["client_id"],
            "client_secret": self.found["client_secret"],
            "scope": SCOPE,
            **form,
        }
        data = {name: value for name, value in whole.items() if value is not None}
        tenant = self.found["tenant"] if tenant is None else tenant
        return await self.http.post(f"{self.url}/{tenant}/oauth2/v2.0/token", data=data)

    async def bearer(self, app: str = "full") -> dict[str, str]:
        """Return the Authorization header of an app, which signs in once."""
        if app not in self.tokens:
            answer = await self.sign_in(**self.found["apps"][app])
            self.tokens[app] = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self.tokens[app]}"}

    async def call(
        self, method: str, path: str, body: Any = None, *, by: str = "full", **headers: str
    ) -> httpx2.Response:
        """Call Business Central; a path that begins with / is below the API, another one below the company."""
        base = self.found["business_central"]
        address = f"{base}{path}" if path.startswith("/") else f"{base}/companies({await self.here()})/{path}"
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        json_type = {} if body is None or isinstance(body, bytes) else {"Content-Type": "application/json"}
        return await self.http.request(
            method, address, content=content, headers={**await self.bearer(by), **json_type, **given}
        )

    async def get(self, path: str, **headers: str) -> Any:
        """Read something that must be there."""
        answer = await self.call("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def make(self, path: str, body: Any, **headers: str) -> Any:
        """Make something that must be accepted."""
        answer = await self.call("POST", path, body, **headers)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, str, str]:
        """Ask for something that must be refused; return status, code and words."""
        answer = await self.call(method, path, body, **headers)
        assert answer.status_code >= 400, answer.text
        error = answer.json()["error"]
        return answer.status_code, error["code"], error["message"].partition("  CorrelationId:")[0]

    async def here(self) -> str:
        """Return the first company's id."""
        if not self.company:
            answer = await self.http.get(
                f"{self.found['business_central']}/companies", headers=await self.bearer()
            )
            self.company = answer.json()["value"][0]["id"]
        return self.company

    async def journal(self, code: str = "UTLEGG") -> str:
        """Make a journal and return its id."""
        return str((await self.make("journals", {"code": code}))["id"])

    async def batch(self, *requests: Record, **headers: str) -> list[Any]:
        answer = await self.call("POST", "/$batch", {"requests": list(requests)}, **headers)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["responses"])

    async def ledger(self, reference: str | None = None) -> list[Any]:
        parameters = {"reference": reference} if reference else None
        return list((await self.http.get(f"{self.url}/_sandbox/ledger", params=parameters)).json())

    async def booked(self) -> list[str]:
        """Return the references that are booked or staged."""
        return [entry["reference"] for entry in await self.ledger()]

    async def stats(self) -> Any:
        return (await self.http.get(f"{self.url}/_sandbox/stats")).json()

    async def change(self, path: str, body: Record | None = None) -> None:
        """Use one of the administrative routes; it must succeed."""
        answer = await self.http.post(f"{self.url}/_sandbox/{path}", json=body or {})
        assert answer.status_code == 200, answer.text


@asynccontextmanager
async def client_of(url: str, seed: int = 1) -> AsyncIterator[DynamicsSandbox]:
    """Speak to a sandbox that is served at `url`."""
    async with httpx2.AsyncClient(timeout=30, verify=TLS) as http:
        yield DynamicsSandbox(url, describe(url, seed), http)


@asynccontextmanager
async def dynamics_sandbox(**options: Any) -> AsyncIterator[DynamicsSandbox]:
    """Serve a sandbox with create_app's options.

    Limits are off and the clock stands still in November 2026 unless the options say otherwise.
    """
    options = {"limits": False, "clock": FakeClock(), **options}
    async with running(create_app(**options)) as url, client_of(url, options.get("seed", 1)) as sandbox:
        yield sandbox


def line(reference: str = "REF1", number: int = 10_000, **changes: Any) -> Record:
    """Make a journal line with a balancing account; None takes a field away."""
    whole: Record = {
        "lineNumber": number,
        "accountType": "G/L Account",
        "accountNumber": "7140",
        "postingDate": "2026-11-05",
        "documentNumber": reference[:20],
        "externalDocumentNumber": reference,
        "amount": 412.0,
        "description": "EC-2026-1042 Tog",
        "balanceAccountType": "Employee",
        "balancingAccountNumber": "V-118",
    }
    return {name: value for name, value in (whole | changes).items() if value is not None}


def posting(path: str, body: Any, identity: str) -> Record:
    """Make one POST of a batch."""
    headers = {"Content-Type": "application/json"}
    return {"id": identity, "method": "POST", "url": path, "headers": headers, "body": body}


async def staged(dynamics: DynamicsSandbox, *lines: dict[str, Any]) -> str:
    """Make a journal with these lines and return its path."""
    path = f"journals({await dynamics.journal()})"
    for body in lines:
        await dynamics.make(f"{path}/journalLines", body)
    return path


async def entries_of(dynamics: DynamicsSandbox, document: str) -> list[tuple[Any, ...]]:
    """Return account, debit and credit of the ledger entries with a document number."""
    found = (await dynamics.get(f"generalLedgerEntries?$filter=documentNumber eq '{document}'"))["value"]
    return [(entry["accountNumber"], entry["debitAmount"], entry["creditAmount"]) for entry in found]
