"""What Business Central would refuse, once the company was asked for its currency and its open periods."""

from collections.abc import Mapping
from dataclasses import dataclass

from integration_admin.adapters.base import Outcome, Voucher
from integration_admin.adapters.dynamics.business_central.options import options
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.business_central.vouchers import refusal


@dataclass(frozen=True, slots=True)
class CompanyRules:
    """The rules of one company as it was when it was asked."""

    place: Place

    def refusal(self, voucher: Voucher, settings: Mapping[str, str]) -> Outcome | None:
        """Return why this voucher would not be offered to the company, or None; asks nobody. Raises InvalidInput."""
        chosen = options(settings)
        return refusal(voucher, self.place, chosen.dimensions, posts=chosen.posting)
