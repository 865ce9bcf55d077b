"""How Business Central writes the names of its enumerations: answers have `_xHHHH_` for what no name may hold."""

import re
from functools import lru_cache

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PLAIN = re.compile(r"[A-Za-z0-9_]")

GL_ACCOUNT = "G/L Account"
CUSTOMER = "Customer"
VENDOR = "Vendor"
BANK_ACCOUNT = "Bank Account"
EMPLOYEE = "Employee"

ACCOUNT_TYPES = (
    GL_ACCOUNT, CUSTOMER, VENDOR, BANK_ACCOUNT, "Fixed Asset", "IC Partner", EMPLOYEE, "Allocation Account",
)  # fmt: skip
"""Enumeration 81 of the base application (facts 1.3)."""
READABLE = frozenset({GL_ACCOUNT, CUSTOMER, VENDOR, BANK_ACCOUNT})
"""Only lines of these types are shown on the journal lines' page, which filters on the first four."""
WITH_LEDGER = frozenset({CUSTOMER, VENDOR, "Fixed Asset", "IC Partner", EMPLOYEE})
"""Of account and balancing account only one may be of these types."""
PARENT_TYPES = (
    " ", "Journal", "Sales Order", "Sales Quote", "Sales Credit Memo", "Sales Invoice", "Purchase Invoice",
)  # fmt: skip
LINE_TYPES = ("Comment", "Account", "Item", "Resource", "Fixed Asset", "Charge")


@lru_cache(maxsize=256)
def encoded(name: str) -> str:
    """Return a name as answers have it: "G/L Account" is G_x002F_L_x0020_Account."""
    return "".join(sign if _PLAIN.fullmatch(sign) else f"_x{ord(sign):04X}_" for sign in name)


@lru_cache(maxsize=1_024)
def decoded(name: str) -> str:
    """Return the plain name."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), name)
