"""The simulated Dynamics' own routes under /_sandbox and the page at /; those every sandbox has are in console.py.

The switches of Finance & Operations are in finance_operations.py.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from integration_admin.sandbox import console, ledger_page
from integration_admin.sandbox.dynamics.business_central.world import Company
from integration_admin.sandbox.dynamics.simulation import Simulation

_DAY = Field(default="", pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")


class _App(console.Body):
    consented: bool | None = None
    enabled: bool | None = None
    may_write: bool | None = None


class _Blocked(console.Body):
    blocked: bool


class _Names(console.Body):
    name: str | None = Field(default=None, min_length=1, max_length=30)
    display_name: str | None = Field(default=None, min_length=1, max_length=250)


class _Dates(console.Body):
    first: str = _DAY
    last: str = _DAY


@dataclass(frozen=True, slots=True)
class Admin:
    """The routes' handlers over one simulation."""

    simulation: Simulation

    def routes(self) -> list[Route]:
        """Return the routes; all of them answer JSON but the page."""
        post = ["POST"]
        return [
            Route("/", self.page),
            Route("/_sandbox/ledger", self.ledger),
            Route("/_sandbox/tokens/revoke", self.revoke, methods=post),
            Route("/_sandbox/apps/{name}", console.refusing(self.app), methods=post),
            Route("/_sandbox/companies/{number:int}", console.refusing(self.company), methods=post),
            Route("/_sandbox/accounts/{code}", console.refusing(self.account), methods=post),
            Route("/_sandbox/vendors/{code}", console.refusing(self.vendor), methods=post),
            Route("/_sandbox/dimensions/{code}/{value}", console.refusing(self.value), methods=post),
            Route("/_sandbox/posting-dates", console.refusing(self.dates), methods=post),
            *console.Console(self.simulation).routes(),
        ]

    async def page(self, _: Request) -> Response:
        """Show a person what has been booked."""
        entries = [
            entry
            for _, entry in zip(range(ledger_page.SHOWN), self.simulation.booked(newest=True), strict=False)
        ]
        stats = self.simulation.stats()
        counts = {
            "vouchers": stats["vouchers"],
            "waiting": stats["staged"] + stats["pending"],
            "doubles": stats["doubles"],
        }
        shown = [_for_page(entry) for entry in entries]
        return HTMLResponse(ledger_page.render("Simulert Microsoft Dynamics", shown, **counts))

    async def ledger(self, request: Request) -> Response:
        """List what is booked in both systems; `?reference=` keeps one reference only."""
        return console.listing(self.simulation.booked(request.query_params.get("reference")))

    async def revoke(self, _: Request) -> Response:
        """Let every token end now."""
        return JSONResponse({"changed": self.simulation.entra.revoke()})

    async def app(self, request: Request) -> Response:
        """Change what an administrator did for a registered app; tokens it has already got keep their roles."""
        body = _App.model_validate_json(await request.body())
        app = self.simulation.entra.app_named(request.path_params["name"])
        for name, value in body:
            if app is not None and value is not None:
                setattr(app, name, value)
        return console.changed(int(app is not None))

    async def company(self, request: Request) -> Response:
        """Give a company another name."""
        body = _Names.model_validate_json(await request.body())
        company = self.simulation.books.world.companies.get(request.path_params["number"])
        for name, value in body:
            if company is not None and value is not None:
                setattr(company, name, value)
        return console.changed(int(company is not None))

    async def account(self, request: Request) -> Response:
        """Block an account in every company, or let it be used again."""
        body = _Blocked.model_validate_json(await request.body())
        code = request.path_params["code"]
        accounts = [account for company in self._companies() if (account := company.accounts.get(code))]
        for account in accounts:
            account.blocked = body.blocked
        return console.changed(len(accounts))

    async def vendor(self, request: Request) -> Response:
        """Block a vendor in every company, or let it be used again."""
        body = _Blocked.model_validate_json(await request.body())
        code = request.path_params["code"]
        vendors = [vendor for company in self._companies() if (vendor := company.vendors.get(code))]
        for vendor in vendors:
            vendor.blocked = "All" if body.blocked else " "
        return console.changed(len(vendors))

    async def value(self, request: Request) -> Response:
        """Block a dimension's value in every company, or let it be used again."""
        body = _Blocked.model_validate_json(await request.body())
        code, value_code = request.path_params["code"], request.path_params["value"]
        found = [company.dimensions.get(code) for company in self._companies()]
        values = [value for dimension in found if dimension and (value := dimension.values.get(value_code))]
        for value in values:
            value.blocked = body.blocked
        return console.changed(len(values))

    async def dates(self, request: Request) -> Response:
        """Allow posting from one day to another (yyyy-MM-dd), in every company; an empty one is an open end."""
        body = _Dates.model_validate_json(await request.body())
        for company in self._companies():
            company.allowed_from, company.allowed_to = body.first, body.last
        return console.changed(len(self._companies()))

    def _companies(self) -> list[Company]:
        return list(self.simulation.books.world.companies.values())


def _for_page(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry with the words the page has a place for."""
    empty = {"cost_centre": None, "project": None, "tax_rule": None, "text": ""}
    return {**entry, "lines": [{**empty, **line} for line in entry["lines"]]}
