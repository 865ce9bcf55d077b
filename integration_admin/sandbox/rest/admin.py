"""The REST ledger's own routes under /_sandbox and the page at /; those every sandbox has are in console.py."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from integration_admin.sandbox import console, ledger_page
from integration_admin.sandbox.rest.simulation import Simulation


@dataclass(frozen=True, slots=True)
class Admin:
    """The routes' handlers over one simulation."""

    simulation: Simulation

    def routes(self) -> list[Route]:
        """Return the routes; all of them answer JSON but the page."""
        return [
            Route("/", self.page),
            Route("/_sandbox/ledger", console.refusing(self.ledger)),
            Route("/_sandbox/tokens/revoke", self.revoke, methods=["POST"]),
            *console.Console(self.simulation).routes(),
        ]

    async def page(self, _: Request) -> Response:
        """Show a person what has been booked."""
        ledger = self.simulation.ledger
        entries = [_for_page(entry) for entry in ledger.listing(limit=ledger_page.SHOWN, newest=True)]
        counts = {
            "vouchers": len(ledger.vouchers),
            "waiting": self.simulation.faults.pending,
            "doubles": ledger.doubles,
        }
        return HTMLResponse(ledger_page.render("Simulert REST-regnskap", entries, **counts))

    async def ledger(self, request: Request) -> Response:
        """List what is booked; `?reference=` keeps one reference, `?offset=&limit=` some of the vouchers."""
        query = request.query_params
        offset = _count(query.get("offset", "0"))
        limit = _count(query["limit"]) if "limit" in query else None
        ledger = self.simulation.ledger
        return console.listing(ledger.listing(query.get("reference"), offset=offset, limit=limit))

    async def revoke(self, _: Request) -> Response:
        """Let every token given out at /oauth/token run out now."""
        return JSONResponse({"changed": self.simulation.access.revoke()})


def _for_page(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry as the page shows it."""
    return {**entry, "lines": [{**line, "tax_rule": line["vat_code"]} for line in entry["lines"]]}


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        detail = "offset and limit count from 0."
        raise ValueError(detail)
    return number
