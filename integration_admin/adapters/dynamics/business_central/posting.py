"""Posts the journal after an export, where the administrator has switched that on: all of it, for good."""

from collections.abc import Sequence
from typing import Final

from integration_admin.adapters.base import Outcome, Result
from integration_admin.adapters.dynamics.business_central.client import BusinessCentralClient
from integration_admin.adapters.dynamics.business_central.entries import has_pending
from integration_admin.adapters.dynamics.business_central.errors import definite_refusal, said_in
from integration_admin.adapters.dynamics.business_central.place import Place
from integration_admin.adapters.dynamics.business_central.vouchers import PENDING
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg

_NOTHING: Final = "there is nothing to post"
_HELD_BACK: Final = msg(
    "The lines are in the journal {journal}. They are posted with the next export: just now the journal also has"
    " lines that are not complete, or Business Central is too busy."
)
_NOT_POSTED: Final = msg(
    "The lines are in the journal {journal}, but Business Central does not post it. It says: “{words}” Put that"
    " right and post the journal there."
)
_SILENT: Final = msg(
    "The lines are in the journal {journal}, but Business Central does not post it ({status}). Post the journal there."
)
_UNCLEAR: Final = msg(
    "Business Central did not say clearly whether the journal was posted. The voucher is looked up there later."
)


async def post(
    client: BusinessCentralClient, place: Place, settled: Sequence[Outcome], *, until: float
) -> list[Outcome]:
    """Post the journal and return the outcomes as they are then; without anything new in it, nothing is done.

    A journal that has lines without their dimensions waits, and so does one some may still be on their way
    to. Raises nothing: the lines are in the journal, so every failure is told as what it means for them.
    """
    results = {outcome.result for outcome in settled}
    if Result.DELIVERED not in results:
        return list(settled)
    try:
        changed = _held_back(place) if Result.UNKNOWN in results else await _post(client, place, until)
    except AdapterError as error:
        changed = _after_failure(error, place)
    if changed is None:
        return list(settled)
    return [_with(outcome, changed) if outcome.result is Result.DELIVERED else outcome for outcome in settled]


async def _post(client: BusinessCentralClient, place: Place, until: float) -> Outcome | None:
    """Return what becomes of each voucher that was put into the journal, None when it is posted."""
    if await has_pending(client, place, PENDING):
        return _held_back(place)
    response = await client.act(f"/{place.in_journal}/Microsoft.NAV.post", until=until)
    told = said_in(response, *client.secrets)
    if 200 <= response.status < 300 or told.words.lower().startswith(_NOTHING):
        return None
    if response.status == 429:
        return _held_back(place)
    if response.status in {408, 409} or response.status >= 500:
        return _unclear()
    refused = definite_refusal(response.status, told, client.context)
    if refused is not None:
        return _not_posted(refused.message)
    values = {"journal": place.journal, "words": told.words, "status": str(response.status)}
    return _not_posted(Message((_NOT_POSTED if told.words else _SILENT).template, values))


def _after_failure(error: AdapterError, place: Place) -> Outcome:
    """Return the outcome where no answer came; a question or a sign-in that failed has posted nothing."""
    return _unclear() if error.fault is Fault.UNKNOWN_OUTCOME else _held_back(place)


def _held_back(place: Place) -> Outcome:
    return Outcome("", Result.DELIVERED, message=Message(_HELD_BACK.template, {"journal": place.journal}))


def _not_posted(message: Message) -> Outcome:
    return Outcome("", Result.NEEDS_PERSON, message=message, fault=Fault.CONFIG)


def _unclear() -> Outcome:
    return Outcome("", Result.UNKNOWN, message=_UNCLEAR, fault=Fault.UNKNOWN_OUTCOME)


def _with(outcome: Outcome, changed: Outcome) -> Outcome:
    return changed._replace(reference=outcome.reference, external_id=outcome.external_id)
