"""Norwegian identifiers: organisation number, bank account and KID.

Check digits are python-stdnum's; only the KID's two variants (mod 10 and mod 11, 4 to 25 characters,
Mastercard Payment Services' KID page) are put together here.
"""

import re

from stdnum import luhn
from stdnum.no import kontonr, orgnr

_KID = re.compile(r"[0-9]{3,24}[0-9-]")
_ACCOUNT = re.compile(r"[0-9]{11}")
_KID_WEIGHTS = (2, 3, 4, 5, 6, 7)


def is_organisation_number(value: str) -> bool:
    """Tell whether `value` is nine digits with a right check digit; spaces are ignored."""
    return value.isascii() and bool(orgnr.is_valid(value))


def is_bank_account(value: str) -> bool:
    """Tell whether `value` is an eleven-digit account number with a right check digit.

    Spaces, full stops and hyphens are ignored. Where digits 5 and 6 are 00 a bank may reckon the
    check digit otherwise (python-list, February 2013), so there it is not judged.
    """
    digits = kontonr.compact(value)
    if not _ACCOUNT.fullmatch(digits) or not value.isascii():
        return False
    return digits[4:6] == "00" or bool(kontonr.is_valid(digits))


def is_kid(value: str) -> bool:
    """Tell whether `value` is a KID by mod 10 or mod 11; a mod 11 remainder of ten is written "-"."""
    if not _KID.fullmatch(value):
        return False
    return (value.isdigit() and luhn.is_valid(value)) or value[-1] == _mod11(value[:-1])


def _mod11(digits: str) -> str:
    """Return the mod 11 check character of `digits`."""
    total = sum(
        int(digit) * _KID_WEIGHTS[place % len(_KID_WEIGHTS)] for place, digit in enumerate(reversed(digits))
    )
    check = (11 - total % 11) % 11
    return "-" if check == 10 else str(check)
