"""Opens the journal a batch is booked in, and takes one away that stayed empty. Without lines it books nothing."""

from collections.abc import Sequence
from typing import Final

from integration_admin.adapters.base import Voucher
from integration_admin.adapters.dynamics.finance_operations.client import ODataClient, Row
from integration_admin.adapters.dynamics.finance_operations.errors import misshapen, own_words, with_fault
from integration_admin.adapters.dynamics.finance_operations.lookup import LINES
from integration_admin.adapters.dynamics.finance_operations.refusals import about_settings, already_exists
from integration_admin.adapters.dynamics.finance_operations.vouchers import header, integration_key
from integration_admin.adapters.dynamics.odata import text
from integration_admin.adapters.outbound import Response
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import msg

HEADERS: Final = "LedgerJournalHeaders"
_LENGTH: Final = 20
_AT_ONCE: Final = 25
_TAKE_AWAY_SECONDS: Final = 10.0
_STATE: Final = "dataAreaId,JournalBatchNumber,IsPosted"


async def open_journal(client: ODataClient, vouchers: Sequence[Voucher], *, until: float) -> str:
    """Return the number of the journal the vouchers go into: a new one, or that of an earlier attempt.

    `until` is in monotonic seconds. Raises AdapterError, always with a fault that says nothing was booked.
    """
    response = await client.create(HEADERS, header(vouchers, client.options.booking), until=until)
    if 200 <= response.status < 300:
        return _number(client, _created(response))
    if client.options.booking.integration_key and already_exists(response):
        return await _earlier(client, vouchers)
    raise _refused(client, response)


async def posted(client: ODataClient, journals: Sequence[str]) -> dict[str, bool]:
    """Return whether each of the journals is posted; those that do not exist are left out. Raises AdapterError."""
    company = client.options.booking.company
    found: dict[str, bool] = {}
    for start in range(0, len(journals), _AT_ONCE):
        some = journals[start : start + _AT_ONCE]
        wanted = " or ".join(f"JournalBatchNumber eq {text(journal)}" for journal in some)
        rows = await client.whole(
            HEADERS, select=_STATE, filter=f"dataAreaId eq {text(company)} and ({wanted})"
        )
        found |= {str(row.get("JournalBatchNumber")): row.get("IsPosted") == "Yes" for row in rows}
    return found


async def is_open(client: ODataClient, journal: str, *, until: float) -> bool:
    """Tell whether a journal is there and not posted; True also where that cannot be told.

    `until` is in monotonic seconds.
    """
    company = client.options.booking.company
    try:
        rows = await client.rows(
            HEADERS,
            deadline=client.seconds_until(until),
            select=_STATE,
            filter=f"dataAreaId eq {text(company)} and JournalBatchNumber eq {text(journal)}",
        )
    except AdapterError:
        return True
    return any(row.get("IsPosted") != "Yes" for row in rows)


async def take_away(client: ODataClient, journal: str, *, until: float) -> None:
    """Delete a journal into which surely nothing was written; one that has lines all the same stays.

    Deleting would take lines along, so they are asked for first. Where anything goes wrong the journal stays
    too: it is in nobody's books. `until` is in monotonic seconds.
    """
    company = client.options.booking.company
    until = min(until, client.until_in(_TAKE_AWAY_SECONDS))
    try:
        lines = await client.rows(
            LINES,
            deadline=client.seconds_until(until),
            select="dataAreaId,JournalBatchNumber",
            filter=f"dataAreaId eq {text(company)} and JournalBatchNumber eq {text(journal)}",
            top="1",
        )
        if not lines:
            key = f"{HEADERS}(dataAreaId={text(company)},JournalBatchNumber={text(journal)})"
            await client.remove(key, until=until)
    except AdapterError:
        return


def _created(response: Response) -> Row:
    try:
        row = response.json()
    except AdapterError as error:
        raise with_fault(error, Fault.TRANSIENT) from None
    return row if isinstance(row, dict) else {}


async def _earlier(client: ODataClient, vouchers: Sequence[Voucher]) -> str:
    """Return the journal an attempt whose answer was lost has opened; a posted one takes no more lines."""
    company, key = client.options.booking.company, integration_key(vouchers)
    rows = await client.rows(
        HEADERS,
        select="dataAreaId,JournalBatchNumber,IsPosted,IntegrationKey",
        filter=f"dataAreaId eq {text(company)} and IntegrationKey eq {text(key)}",
    )
    for row in rows:
        if row.get("IntegrationKey") == key and row.get("IsPosted") == "No":
            return _number(client, row)
    raise AdapterError(
        msg(
            "The journal with the key {key} is posted or cannot be found, so no more vouchers go into it. Under"
            " Credentials, choose the details yourself and leave the integration key out.",
            key=key,
        ),
        Fault.CONFIG,
        code="journal_posted",
    )


def _number(client: ODataClient, row: Row) -> str:
    """Return a journal's number. Raises AdapterError unless it surely is in the chosen legal entity."""
    company = client.options.booking.company
    number, where = str(row.get("JournalBatchNumber") or ""), str(row.get("dataAreaId") or "")
    if where.casefold() != company.casefold():
        raise AdapterError(
            msg(
                "Finance & Operations opened a journal in {other} instead of {company}, so nothing was sent. Give"
                " the app's user access to {company} there.",
                other=where or "?",
                company=company,
            ),
            Fault.CONFIG,
            code="other_company",
        )
    if not number or len(number) > _LENGTH or not number.isprintable():
        raise with_fault(misshapen(detail="no JournalBatchNumber"), Fault.TRANSIENT)
    return number


def _refused(client: ODataClient, response: Response) -> AdapterError:
    changed = about_settings(response)
    if changed is not None:
        return AdapterError(changed, Fault.CONFIG, code="details", internal=f"status {response.status}")
    error = client.unanswered(response, HEADERS)
    words = own_words(response, *client.shown_to_nobody)
    if error.fault is Fault.CONFIG and words and response.status not in {401, 403}:
        booking = client.options.booking
        message = msg(
            "Finance & Operations opens no journal of the name {name} in {company}. It says: “{words}” Check both"
            " names under Credentials.",
            name=booking.journal_name,
            company=booking.company,
            words=words,
        )
        return AdapterError(message, Fault.CONFIG, code="no_journal", internal=error.internal)
    return error if error.fault is not Fault.UPSTREAM else with_fault(error, Fault.TRANSIENT)
