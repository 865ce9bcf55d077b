"""The whole simulated Dynamics: sign-in, Business Central, Finance & Operations, what goes wrong, and the counts."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from integration_admin.core.clock import Clock
from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg
from integration_admin.sandbox.dynamics import finance_operations
from integration_admin.sandbox.dynamics.behaviour import Behaviour
from integration_admin.sandbox.dynamics.business_central import ledger
from integration_admin.sandbox.dynamics.business_central.books import Books
from integration_admin.sandbox.dynamics.business_central.endpoint import Endpoint
from integration_admin.sandbox.dynamics.business_central.limits import Limiter
from integration_admin.sandbox.dynamics.entra import BUSINESS_CENTRAL, Entra
from integration_admin.sandbox.dynamics.finance_operations_batch import encoded
from integration_admin.sandbox.faults import FaultPlan
from integration_admin.sandbox.journal import Journal, Section

_MARK: Final = b"finance_operations "
"""What the lines of Finance & Operations begin with in the file both share."""


class Simulation:
    """What the routes share; with a journal everything booked goes on from where the last one ended."""

    def __init__(
        self, seed: int, *, limits: bool, faults: FaultPlan, clock: Clock, journal: Journal | None
    ) -> None:
        self._initial = Behaviour(limits=limits)
        self.behaviour = self._initial.model_copy()
        self.faults = faults
        self.entra = Entra(seed, self.behaviour, clock)
        self.books = Books(self.behaviour, clock, Section(journal, b"", other=_MARK) if journal else None)
        self.business_central = Endpoint(self.books, self.entra, Limiter(clock))
        self._kept = Section(journal, _MARK) if journal else None
        self.finance = finance_operations.FinanceOperations(clock=clock, keep=self._keep, guard=self._guard)
        self._restore_finance()

    def reset(self) -> None:
        """Forget everything that was booked, counted, changed or kept."""
        for name, value in self._initial:
            setattr(self.behaviour, name, value)
        self.faults.reset()
        self.entra.reset()
        self.books.reset()
        self.business_central.reset()
        if self._kept:
            self._kept.clear()
        self.finance.reset()

    def booked(self, reference: str | None = None, *, newest: bool = False) -> Iterator[dict[str, Any]]:
        """Yield what is booked in both systems, one entry a voucher."""
        yield from ledger.booked(self.books, reference, newest=newest)
        entries = self.finance.booked()
        for entry in reversed(entries) if newest else entries:
            if reference is None or entry["reference"] == reference:
                yield {**entry, "system": "finance_operations"}

    def stats(self) -> dict[str, Any]:
        """Return the counts since the start or the last reset; what is booked counts from the first start."""
        central, finance = ledger.counts(self.books), self.finance.stats()
        endpoint, limiter = self.business_central, self.business_central.limiter
        return {
            **central,
            "vouchers": central["vouchers"] + finance["vouchers"],
            "doubles": central["doubles"] + finance["doubles"],
            "requests": endpoint.requests,
            "batches": endpoint.batches,
            "token_requests": self.entra.requests,
            "in_flight": limiter.in_flight,
            "most_in_flight": limiter.most_in_flight,
            "rate_limited": limiter.refused[429],
            "pending": self.faults.pending,
            "errors": dict(endpoint.errors),
            "faults": dict(self.faults.counts),
            "finance_operations": finance,
        }

    def _guard(self, request: Request) -> Response | None:
        """Tell why a request may not reach Finance & Operations: only its own tokens of enabled apps do."""
        holder = self.entra.holder(request.headers.get("authorization"))
        if holder and holder.app.enabled and holder.resource != BUSINESS_CENTRAL:
            if holder.app.may_write or request.method == "GET":
                return None
            return JSONResponse({"Message": "Access denied."}, 403)
        return JSONResponse({"Message": "Authorization has been denied for this request."}, 401)

    def _keep(self, change: Mapping[str, Any]) -> None:
        if self._kept:
            self._kept.append([encoded(change).encode()])

    def _restore_finance(self) -> None:
        lines, self._kept, kept = self._kept.lines() if self._kept else [], None, self._kept
        for place, line in enumerate(lines, start=1):
            try:
                self.finance.restore(json.loads(line, parse_float=Decimal))
            except (ValueError, LookupError, TypeError) as error:
                raise ConfigurationError(
                    msg(
                        "Line {line} of “{path}” is damaged. Delete the file to start with an empty ledger.",
                        line=place,
                        path=kept.path if kept else "",
                    )
                ) from error
        self._kept = kept
