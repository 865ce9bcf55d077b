"""Suggesting an account for a category, only where the accounting system's own names leave no doubt.

Nothing is saved here; a person accepts or changes every suggestion.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from integration_admin.core.reference import ReferenceItem

_SEPARATOR = re.compile(r"[.\s:/-]+")
_COST_CLASSES = "467"
_STANDARD = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class _Hint:
    """What accounts for a category are called, and how their codes usually begin in Norway (NS 4102)."""

    names: tuple[str, ...]
    codes: tuple[str, ...] = ()


_TRAVEL = _Hint(("reise", "travel"), ("714",))
_CAR = _Hint(("bilgodtgj", "kjøregodtgj", "mileage", "car allowance"), ("710",))
_DIET = _Hint(("diett", "per diem", "subsistence"), ("716",))
_OFFICE = _Hint(("kontorrekvisita", "kontorsaker", "office suppl", "stationery"), ("680",))
_PHONE = _Hint(("mobil", "telefon", "phone"), ("690",))
_MEALS = _Hint(("servering", "bevertning", "meals"), ("735", "736"))
_INTERPRETER = _Hint(("tolk", "interpret"), ("679",))
_POSTAGE = _Hint(("porto", "postage"), ("694",))
_COURSE = _Hint(("kurs", "course", "seminar"), ("686",))
_BANK = _Hint(("bankgebyr", "kortgebyr", "bank charge", "bank fee"), ("777",))

_HINTS: dict[str, _Hint] = {
    "travel": _TRAVEL,
    "train": _TRAVEL,
    "taxi": _TRAVEL,
    "reise": _TRAVEL,
    "mileage": _CAR,
    "car": _CAR,
    "kjøring": _CAR,
    "diet": _DIET,
    "diett": _DIET,
    "per_diem": _DIET,
    "accommodation": _TRAVEL,
    "meals": _MEALS,
    "interpreter": _INTERPRETER,
    "office": _OFFICE,
    "kontor": _OFFICE,
    "phone": _PHONE,
    "telefon": _PHONE,
    "postage": _POSTAGE,
    "porto": _POSTAGE,
    "course": _COURSE,
    "kurs": _COURSE,
    "bank": _BANK,
}


def suggest(categories: Iterable[str], accounts: Sequence[ReferenceItem]) -> dict[str, str]:
    """Return account codes by category; a category nothing plainly fits is left out.

    Only open accounts that can be posted to are suggested, and no code that two accounts share.
    """
    usable = _usable(accounts)
    found = {category: _account(category, usable) for category in categories}
    return {category: account.code for category, account in found.items() if account is not None}


def _usable(accounts: Sequence[ReferenceItem]) -> list[ReferenceItem]:
    uses = Counter(account.code for account in accounts)
    return [account for account in accounts if account.open and account.posting and uses[account.code] == 1]


def _account(category: str, usable: Sequence[ReferenceItem]) -> ReferenceItem | None:
    """Return the one account that is meant, by its own code or name, else by the hints."""
    parts = [part for part in _SEPARATOR.split(category.lower()) if part]
    named = [item for item in usable if item.code in parts or item.name.lower() == category.lower()]
    if named:
        return named[0] if len(named) == 1 else None
    # The last part says most: travel.mileage is about driving, not about travel at large.
    hint = next((_HINTS[part] for part in reversed(parts) if part in _HINTS), None)
    return None if hint is None else _hinted(hint, usable)


def _hinted(hint: _Hint, usable: Sequence[ReferenceItem]) -> ReferenceItem | None:
    costs = [item for item in usable if item.code[:1] in _COST_CLASSES or not item.code[:1].isdigit()]
    called = [item for item in costs if any(name in item.name.lower() for name in hint.names)]
    usual = [item for item in called if item.code.startswith(hint.codes)]
    # 7140 means the account itself; 71405 is a branch of it that somebody made for one purpose.
    fitting = [item for item in usual if _STANDARD.fullmatch(item.code)] or usual or called
    return fitting[0] if len(fitting) == 1 else None
