"""Where a person looks at a voucher in Business Central: the ledger entries with our reference, in the web client."""

from typing import Final
from urllib.parse import quote

from integration_admin.adapters.dynamics.business_central.companies import is_guid
from integration_admin.adapters.dynamics.business_central.options import API, Options
from integration_admin.adapters.linking import Posted

WEB_CLIENT: Final = "https://businesscentral.dynamics.com"
"""Microsoft's own; its addresses are described under “Web Client URL” on learn.microsoft.com."""
_LEDGER_ENTRIES: Final = 20
"""The page General Ledger Entries of the base application."""


def ledger_entries(found: Options, posted: Posted) -> str:
    """Return the address of the entries of a voucher that is posted.

    Nothing is returned outside of Microsoft's cloud, and while it is a line of a journal or a draft: those pages open
    where their user was last.
    """
    company = posted.entity if is_guid(found.company) else found.company
    if found.api != API or not posted.is_booked or not company:
        return ""
    condition = f"'External Document No.' IS '{posted.reference}'"
    place = f"{WEB_CLIENT}/{quote(found.sign_in.tenant)}/{quote(found.environment)}/"
    return (
        f"{place}?company={quote(company, safe='')}&page={_LEDGER_ENTRIES}&filter={quote(condition, safe='')}"
    )
