"""The simulated Xledger's own routes under /_sandbox and the page at /; those every sandbox has are in console.py."""

from pydantic import Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from integration_admin.sandbox import console, ledger_page
from integration_admin.sandbox.xledger.simulation import Simulation
from integration_admin.sandbox.xledger.tokens import named


class _Open(console.Body):
    open: bool


class _Credits(console.Body):
    remaining: int
    reset_in: float = Field(ge=0, le=86_400)


class Admin:
    """The routes' handlers over one simulation."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def routes(self) -> list[Route]:
        """Return the routes; all of them answer JSON but the page."""
        post = ["POST"]
        return [
            Route("/", self.page),
            Route("/_sandbox/ledger", self.ledger),
            Route("/_sandbox/accounts/{code}", console.refusing(self.account), methods=post),
            Route("/_sandbox/periods/{month}", console.refusing(self.period), methods=post),
            Route("/_sandbox/tokens/{name}/expire", self.expire, methods=post),
            Route("/_sandbox/tokens/{name}/credits", console.refusing(self.credits), methods=post),
            *console.Console(self._simulation).routes(settings="behaviour"),
        ]

    async def page(self, _: Request) -> Response:
        """Show a person what has been booked."""
        ledger = self._simulation.ledger
        ledger.process()
        entries = ledger.listing(latest=ledger_page.SHOWN)
        counts = {"vouchers": len(ledger.vouchers), "waiting": ledger.staged, "doubles": ledger.doubles}
        return HTMLResponse(ledger_page.render("Simulert Xledger", entries, **counts))

    async def ledger(self, request: Request) -> Response:
        """List what is booked; `?reference=` keeps one reference only."""
        ledger = self._simulation.ledger
        ledger.process()
        return console.listing(ledger.listing(request.query_params.get("reference")))

    async def account(self, request: Request) -> Response:
        """Open or close the accounts with one code."""
        body = _Open.model_validate_json(await request.body())
        return console.changed(
            self._simulation.world.set_account(request.path_params["code"], is_open=body.open)
        )

    async def period(self, request: Request) -> Response:
        """Open or close one month (yyyy-MM)."""
        body = _Open.model_validate_json(await request.body())
        return console.changed(
            self._simulation.world.set_period(request.path_params["month"], closed=not body.open)
        )

    async def expire(self, request: Request) -> Response:
        """Let one demo token expire now."""
        token = named(request.path_params["name"], self._simulation.tokens.values())
        if token is not None:
            token.expired = True
        return console.changed(int(token is not None))

    async def credits(self, request: Request) -> Response:
        """Leave one token so many credits for so many seconds."""
        body = _Credits.model_validate_json(await request.body())
        limiter = self._simulation.limiters.get(request.path_params["name"])
        if limiter is not None:
            limiter.set_credits(body.remaining, body.reset_in)
        return console.changed(int(limiter is not None))
