"""A simulated Xledger on a real socket, and a client that speaks to it as anybody would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from integration_admin.sandbox.servers import running
from integration_admin.sandbox.xledger.app import create_app, demo_tokens
from tests.fakes import FakeClock
from tests.trust import TLS

ADD = """mutation($in: [AddGLImportItemsInput!]!) { addGLImportItems(inputs: $in) {
  edges { clientId node { dbId extIdentifier trRegNumber } } } }"""

Node = dict[str, Any]


@dataclass
class XledgerSandbox:
    """One running sandbox and how to call it; every call names a token by its name in `tokens`."""

    url: str
    tokens: dict[str, str]
    http: httpx2.AsyncClient

    async def post(
        self, query: str, variables: dict[str, Any] | None = None, *, by: str = "full"
    ) -> httpx2.Response:
        return await self.http.post(
            f"{self.url}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"token {self.tokens[by]}"},
        )

    async def data(self, query: str, variables: dict[str, Any] | None = None, *, by: str = "full") -> Any:
        """Return `data` of an answer that must have no errors."""
        body = (await self.post(query, variables, by=by)).json()
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def add(self, *vouchers: list[Node], by: str = "full") -> httpx2.Response:
        """Send vouchers, each a list of nodes, in one mutation."""
        nodes = [node for voucher in vouchers for node in voucher]
        inputs = [{"clientId": str(place), "node": node} for place, node in enumerate(nodes)]
        return await self.post(ADD, {"in": inputs}, by=by)

    async def book(self, *vouchers: list[Node], by: str = "full") -> list[Any]:
        """Send vouchers that must be accepted and return the edges."""
        body = (await self.add(*vouchers, by=by)).json()
        assert "errors" not in body, body["errors"]
        return list(body["data"]["addGLImportItems"]["edges"])

    async def errors(self, *vouchers: list[Node], by: str = "full") -> list[Any]:
        """Send vouchers that must be refused and return the errors."""
        body = (await self.add(*vouchers, by=by)).json()
        assert body["data"] == {"addGLImportItems": None}
        return list(body["errors"])

    async def ledger(self, reference: str | None = None) -> list[Any]:
        parameters = {"reference": reference} if reference else None
        answer = await self.http.get(f"{self.url}/_sandbox/ledger", params=parameters)
        return list(answer.json())

    async def stats(self) -> Any:
        return (await self.http.get(f"{self.url}/_sandbox/stats")).json()

    async def change(self, path: str, body: dict[str, Any] | None = None) -> None:
        """Use one of the administrative routes; it must succeed."""
        answer = await self.http.post(f"{self.url}/_sandbox/{path}", json=body or {})
        assert answer.status_code == 200, answer.text


@asynccontextmanager
async def client_of(url: str, seed: int = 1) -> AsyncIterator[XledgerSandbox]:
    """Speak to a sandbox that is served at `url`."""
    async with httpx2.AsyncClient(timeout=30, verify=TLS) as http:
        yield XledgerSandbox(url, demo_tokens(seed), http)


@asynccontextmanager
async def xledger_sandbox(**options: Any) -> AsyncIterator[XledgerSandbox]:
    """Serve a sandbox with create_app's options.

    Limits are off and the clock stands still in November 2026 unless the options say otherwise.
    """
    options = {"limits": False, "clock": FakeClock(), **options}
    async with running(create_app(**options)) as url, client_of(url, options.get("seed", 1)) as sandbox:
        yield sandbox


def voucher(reference: str = "REF1", number: int = 1001, **debit: Any) -> list[Node]:
    """Make the two lines of a voucher; keyword arguments change the debit line."""
    common: Node = {
        "trRegNumber": number,
        "transactionSource": {"code": "GL"},
        "jobLevel": {"dbSubId": 1},
        "extIdentifier": reference,
        "postedDate": "2026-11-05",
        "currency": {"code": "NOK"},
        "text": "EC-2026-1042 Tog",
    }
    lines = [
        {**common, "account": {"code": "7140"}, "amount": "412.00", "invoiceAmount": "412.00"},
        {**common, "account": {"code": "2910"}, "amount": "-412.00", "invoiceAmount": "-412.00"},
    ]
    lines[0] |= debit
    return lines
