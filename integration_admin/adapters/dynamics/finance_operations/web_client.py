"""Where a person looks for a voucher in Finance & Operations: the list of general journals of the legal entity.

A journal of its own has no address that can be made from outside: the web client encrypts what it filters by.
"""

from typing import Final
from urllib.parse import quote

from integration_admin.adapters.dynamics import cloud
from integration_admin.adapters.dynamics.finance_operations.options import Options

_GENERAL_JOURNALS: Final = "LedgerJournalTable3"
"""The menu item General journals, as addresses of the web client name it."""


def general_journals(found: Options) -> str:
    """Return the address of the list, where it runs in Microsoft's cloud."""
    if found.sign_in.authority != cloud.AUTHORITY:
        return ""
    return f"{found.root}/?cmp={quote(found.booking.company, safe='')}&mi={_GENERAL_JOURNALS}"
