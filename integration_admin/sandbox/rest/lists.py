"""What may be read besides vouchers: the chart of accounts page by page, who is asking, health and tokens."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integration_admin.sandbox.rest.problems import Problem
from integration_admin.sandbox.rest.simulation import Simulation
from integration_admin.sandbox.rest.vouchers import CHART
from integration_admin.sandbox.xledger.chart import CLOSED, SUM_ACCOUNTS

ENTITY: Final = {"code": "1000", "name": "Eksempelforbundet"}
_DESCRIPTION: Final = Path(__file__).with_name("openapi.json")
_PER_PAGE = 50
_MOST_PER_PAGE = 500


@dataclass(frozen=True, slots=True)
class Lists:
    """The handlers over one simulation."""

    simulation: Simulation

    async def health(self, _: Request) -> Response:
        """Say that the ledger is there; this wants no credentials."""
        return JSONResponse({"status": "ok"})

    async def description(self, _: Request) -> Response:
        """Describe this interface as OpenAPI; this wants no credentials."""
        return Response(_DESCRIPTION.read_bytes(), media_type="application/json")

    async def me(self, request: Request) -> Response:
        """Name the entity the credentials belong to, and whether they may write."""
        caller = self.simulation.caller(request)
        return JSONResponse({"entity": ENTITY, "user": caller.name, "may_write": caller.may_write})

    async def accounts(self, request: Request) -> Response:
        """List accounts by `?page=&per_page=`, the Link header names the next page (RFC 8288); or by `?limit=&cursor=`.

        A cursor is only taken as it was given, never empty.
        """
        self.simulation.caller(request)
        if "limit" in request.query_params:
            return _from_cursor(request)
        page = _number(request, "page", 1, most=1_000_000)
        per_page = _number(request, "per_page", _PER_PAGE, most=_MOST_PER_PAGE)
        rows = [_account(code, name) for code, name in CHART.items()]
        shown = rows[(page - 1) * per_page : page * per_page]
        pages = ceil(len(rows) / per_page)
        body = {"accounts": shown, "page": page, "pages": pages, "total": len(rows)}
        return JSONResponse(body, headers=_link(request, page, pages, per_page))

    async def token(self, request: Request) -> Response:
        """Give out a bearer token for client credentials (RFC 6749, section 4.4)."""
        self.simulation.requests += 1
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode("latin-1")).items()
        }
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        seconds = self.simulation.behaviour.token_seconds
        token = self.simulation.access.issue(*_client(request, form), seconds)
        if token is None:
            return JSONResponse({"error": "invalid_client"}, 401)
        said = {"access_token": token, "token_type": "Bearer", "expires_in": int(seconds)}
        return JSONResponse(said, headers={"Cache-Control": "no-store"})


def _from_cursor(request: Request) -> Response:
    """Return the accounts after a cursor; `next` is there as long as there are more."""
    limit = _number(request, "limit", _PER_PAGE, most=_MOST_PER_PAGE)
    cursors = [_cursor(code) for code in CHART]
    given = request.query_params.get("cursor")
    if given is not None and given not in cursors:
        raise Problem(400, "bad_cursor", "This cursor was not given out here.", field="cursor")
    start = 0 if given is None else cursors.index(given) + 1
    shown = [_account(code, name) for code, name in CHART.items()][start : start + limit]
    more = {"next": cursors[start + limit - 1]} if start + limit < len(cursors) else {}
    return JSONResponse({"accounts": shown, **more})


def _cursor(code: str) -> str:
    return base64.b64encode(f"after/{code}?".encode()).decode()


def _client(request: Request, form: Mapping[str, str]) -> tuple[str, str]:
    """Return the client's name and secret, from the Authorization header or from the form."""
    word, _, value = request.headers.get("authorization", "").partition(" ")
    if word == "Basic":
        try:
            name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return name, secret
    return form.get("client_id", ""), form.get("client_secret", "")


def _account(code: str, name: str) -> dict[str, Any]:
    return {
        "id": f"A{code}",
        "code": code,
        "name": name,
        "open": code not in CLOSED,
        "posting": code not in SUM_ACCOUNTS,
    }


def _number(request: Request, name: str, usual: int, *, most: int) -> int:
    text = request.query_params.get(name, str(usual))
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= most:
        raise Problem(400, "bad_page", f"{name} is a number between 1 and {most}.", field=name)
    return number


def _link(request: Request, page: int, pages: int, per_page: int) -> dict[str, str]:
    if page >= pages:
        return {}
    following = request.url.include_query_params(page=page + 1, per_page=per_page)
    return {"Link": f'<{following}>; rel="next"'}
