"""Posts one purchase invoice that is complete, where the administrator has switched posting on: for good."""

from typing import Final

from integration_admin.adapters.base import Outcome, Result
from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.errors import definite_refusal, said_in
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg

_NOT_YET: Final = msg(
    "The invoice {invoice} is in Business Central as a draft. It was not posted, because Business Central is too"
    " busy just now. Post it there."
)
_NOT_POSTED: Final = msg(
    "The invoice {invoice} is in Business Central as a draft, but Business Central does not post it. It says:"
    " “{words}” Put that right and post the invoice there."
)
_SILENT: Final = msg(
    "The invoice {invoice} is in Business Central as a draft, but Business Central does not post it ({status})."
    " Post the invoice there."
)
_UNCLEAR: Final = msg(
    "Business Central did not say clearly whether the invoice was posted. The voucher is looked up there later."
)


async def post(client: BusinessCentralClient, path: str, delivered: Outcome, *, until: float) -> Outcome:
    """Post the draft at `path` and return the outcome as it is then; `delivered` has its number.

    Raises nothing: the draft is complete, so every failure is told as what it means for it.
    """
    try:
        response = await client.act(f"/{path}/Microsoft.NAV.post", until=until)
    except AdapterError as error:
        # A sign-in that failed has posted nothing.
        return _unclear(delivered) if error.fault is Fault.UNKNOWN_OUTCOME else _not_yet(delivered)
    if 200 <= response.status < 300:
        return delivered
    if response.status == 429:
        return _not_yet(delivered)
    if response.status in {408, 409} or response.status >= 500:
        return _unclear(delivered)
    told = said_in(response, *client.secrets)
    refused = definite_refusal(response.status, told, client.context)
    values = {"invoice": delivered.external_id, "words": told.words, "status": str(response.status)}
    sentence = Message((_NOT_POSTED if told.words else _SILENT).template, values)
    return delivered._replace(
        result=Result.NEEDS_PERSON, message=refused.message if refused else sentence, fault=Fault.CONFIG
    )


def _not_yet(delivered: Outcome) -> Outcome:
    return delivered._replace(message=Message(_NOT_YET.template, {"invoice": delivered.external_id}))


def _unclear(delivered: Outcome) -> Outcome:
    return delivered._replace(result=Result.UNKNOWN, message=_UNCLEAR, fault=Fault.UNKNOWN_OUTCOME)
