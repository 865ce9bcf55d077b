"""A simulated Xledger on a real socket, and a client that speaks to it as anybody would."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from integration_admin.sandbox.servers import running
from integration_admin.sandbox.xledger.app import create_app, demo_tokens

ADD = """mutation($in: [AddGLImportItemsInput!]!) { addGLImportItems(inputs: $in) {
  edges { clientId node { dbId extIdentifier trRegNumber } } } }"""


class MovableClock:
    """A clock that a test moves; sleeping moves it at once."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self.instant.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.move(seconds)

    def move(self, seconds: float) -> None:
        self.instant += timedelta(seconds=seconds)


@dataclass
class XledgerSandbox:
    """One running sandbox and how to call it."""

    url: str
    tokens: dict[str, str]
    http: httpx2.AsyncClient

    async def post(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str = "full"
    ) -> httpx2.Response:
        return await self.http.post(
            f"{self.url}/graphql",
            json={"query": query, "variables": variables},
            headers={"Authorization": f"token {self.tokens[token]}"},
        )

    async def data(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str = "full"
    ) -> dict[str, Any]:
        """Return `data` of an answer that has no errors."""
        body = (await self.post(query, variables, token=token)).json()
        assert "errors" not in body, body["errors"]
        return dict(body["data"])

    async def add(self, *vouchers: list[dict[str, Any]], token: str = "full") -> httpx2.Response:
        """Send vouchers, each a list of nodes, in one mutation."""
        nodes = [node for voucher in vouchers for node in voucher]
        inputs = [{"clientId": str(place), "node": node} for place, node in enumerate(nodes)]
        return await self.post(ADD, {"in": inputs}, token=token)

    async def errors(self, *vouchers: list[dict[str, Any]], token: str = "full") -> list[dict[str, Any]]:
        """Send vouchers that must be refused and return the errors."""
        body = (await self.add(*vouchers, token=token)).json()
        assert body["data"] == {"addGLImportItems": None}
        return list(body["errors"])

    async def ledger(self, reference: str | None = None) -> list[dict[str, Any]]:
        answer = await self.http.get(
            f"{self.url}/_sandbox/ledger", params={"reference": reference} if reference else None
        )
        return list(answer.json())

    async def stats(self) -> dict[str, Any]:
        return dict((await self.http.get(f"{self.url}/_sandbox/stats")).json())

    async def change(self, path: str, body: dict[str, Any] | None = None) -> httpx2.Response:
        answer = await self.http.post(f"{self.url}/_sandbox/{path}", json=body or {})
        assert answer.status_code == 200, answer.text
        return answer


@asynccontextmanager
async def xledger_sandbox(**options: Any) -> AsyncIterator[XledgerSandbox]:
    """Serve a sandbox with create_app's options; limits are off unless asked for."""
    options = {"limits": False, **options}
    async with running(create_app(**options)) as url, httpx2.AsyncClient(timeout=30) as http:
        yield XledgerSandbox(url, demo_tokens(options.get("seed", 1)), http)


@pytest.fixture
def start() -> Callable[..., AbstractAsyncContextManager[XledgerSandbox]]:
    """Start sandboxes with options of the test's own."""
    return xledger_sandbox


@pytest.fixture
async def sandbox() -> AsyncIterator[XledgerSandbox]:
    """A sandbox without limits or faults."""
    async with xledger_sandbox() as running_sandbox:
        yield running_sandbox


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def voucher() -> Callable[..., list[dict[str, Any]]]:
    """Make the two lines of a voucher; keyword arguments change the debit line."""

    def make(reference: str = "REF1", number: int = 1001, **debit: Any) -> list[dict[str, Any]]:
        common = {
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

    return make
