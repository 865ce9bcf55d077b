"""The currencies a company has beside its own, and whether amounts fit the decimals it keeps for them."""

from decimal import Decimal
from typing import Final

from integration_admin.adapters.base import Voucher
from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.companies import text_of
from integration_admin.adapters.dynamics.business_central.entries import amount_of
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.odata import query, text
from integration_admin.core.errors import AdapterError
from integration_admin.core.messages import Message, msg
from integration_admin.core.messages import amount as written

_FIELDS: Final = "id,code,amountRoundingPrecision"


class Currencies:
    """The currencies asked for so far; lives for one send."""

    def __init__(self, client: BusinessCentralClient, place: Place) -> None:
        self._client = client
        self._place = place
        self._steps: dict[str, Decimal | None] = {}

    async def problem(self, voucher: Voucher) -> Message | None:
        """Return why the company cannot take a voucher's currency or amounts. Raises AdapterError."""
        code = voucher.lines[0].amount.currency
        if code not in self._steps:
            self._steps[code] = await self._step(code)
        return problem(voucher, self._steps[code])

    async def _step(self, code: str) -> Decimal | None:
        """Return what amounts in a currency are multiples of (0 where that is not said), None without the currency."""
        options = query(filter=f"code eq {text(code)}", select=_FIELDS)
        return (await _steps(self._client, self._place, options)).get(code)


async def known_steps(client: BusinessCentralClient, place: Place) -> dict[str, Decimal] | None:
    """Return what amounts in each currency of the company are multiples of, None where that cannot be asked."""
    try:
        return await _steps(client, place, query(select=_FIELDS))
    except AdapterError:
        return None


def problem(voucher: Voucher, step: Decimal | None) -> Message | None:
    """Return why a voucher is not taken in a currency with this step, or which the company has not."""
    code = voucher.lines[0].amount.currency
    if step is None:
        return msg(
            "The company has no currency {currency} in Business Central. Your accountant can add it there under"
            " Currencies.",
            currency=code,
        )
    for amount in (line.amount.decimal() for line in voucher.lines):
        if step and Decimal(amount) % step:
            return msg(
                "Business Central rounds {currency} to {step}, which would change {amount}. Your accountant can"
                " set Amount Rounding Precision there under Currencies.",
                currency=code,
                step=written(format(step, "f")),
                amount=written(amount),
            )
    return None


async def _steps(client: BusinessCentralClient, place: Place, options: str) -> dict[str, Decimal]:
    nodes = client.values(f"/{place.in_company}/currencies?{options}")
    return {
        text_of(node.get("code")).upper(): amount_of(node.get("amountRoundingPrecision"))
        async for node in nodes
    }
