"""What Business Central would refuse, once the company was asked for its currencies and its open periods."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from integration_admin.adapters.base import CURRENCY, Outcome, Result, Voucher
from integration_admin.adapters.dynamics.business_central import currencies
from integration_admin.adapters.dynamics.business_central.foreign import is_foreign
from integration_admin.adapters.dynamics.business_central.options import options
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.business_central.vouchers import refusal
from integration_admin.core.errors import Fault


@dataclass(frozen=True, slots=True)
class CompanyRules:
    """The rules of one company as it was when it was asked."""

    place: Place
    steps: Mapping[str, Decimal] | None
    """What amounts in each of its other currencies are multiples of; None where that could not be asked."""

    def refusal(self, voucher: Voucher, settings: Mapping[str, str]) -> Outcome | None:
        """Return why this voucher would not be offered to the company, or None; asks nobody. Raises InvalidInput."""
        chosen = options(settings)
        refused = refusal(voucher, self.place, chosen.dimensions, posts=chosen.posting)
        return refused or self._refusal_of_currency(voucher)

    def _refusal_of_currency(self, voucher: Voucher) -> Outcome | None:
        if self.steps is None or not is_foreign(voucher, self.place.currency):
            return None
        problem = currencies.problem(voucher, self.steps.get(voucher.lines[0].amount.currency))
        if problem is None:
            return None
        return Outcome(
            voucher.reference, Result.REJECTED, message=problem, fault=Fault.CONFIG, field=CURRENCY
        )
