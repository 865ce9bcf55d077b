"""What people type when they look for a record, and every thing it may mean. The search itself is in record_search.py."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg
from integration_admin.core.money import Money
from integration_admin.core.search_words import folded
from integration_admin.core.statuses import DeliveryState
from integration_admin.data.repositories.search import BEGINNINGS, EQUALS, NEWEST, STATE, STATUS, After, Hit

_LONGEST_TEXT: Final = 100
_LONGEST_REFERENCE: Final = 25
_LONGEST_ROW: Final = 18
_LARGEST_NUMBER: Final = 2**31 - 1
_LARGEST_MINOR: Final = 2**63 - 1
_DECIMALS: Final = (2, 0, 3, 4)
_AMOUNT: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,4})?")


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """What is looked for: words, and where the record is; `status` is the expense system's."""

    text: str = ""
    status: str = ""
    state: DeliveryState | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """One thing the words may mean; `amount` is compared again, for minor units differ by currency."""

    name: str
    by: str
    value: Any
    amount: Decimal | None = None

    def finds(self, hit: Hit) -> bool:
        """Tell whether a record would be found this way too."""
        if self.by in BEGINNINGS:
            return bool(getattr(hit, self.by).startswith(self.value))
        return self.by in EQUALS and getattr(hit, self.by) == self.value and self.is_right(hit)

    def is_right(self, hit: Hit) -> bool:
        """Tell whether a record found this way has the amount that was meant."""
        if self.amount is None:
            return True
        return bool(hit.currency) and Decimal(Money(hit.currency, hit.amount_minor).decimal()) == self.amount


def ways_of(query: RecordQuery, *, people: bool) -> list[Way]:
    """Return what the words may mean, the likeliest first."""
    text = "".join(letter for letter in query.text if letter.isprintable())[:_LONGEST_TEXT].strip()
    word = folded(text)
    if not word:
        return [_listing(query)]
    ways = [Way("id", "folded_id", word)]
    if text.isascii() and text.isdigit() and text.lstrip("0"):
        ways.append(Way("number", "id_number", text.lstrip("0")))
    if people and any(letter.isalpha() for letter in word):
        ways += [Way("claimant", "claimant", word), Way("turned", "claimant_turned", word)]
    ways += _amounts(text)
    if " " not in text and len(text) <= _LONGEST_REFERENCE:
        for spelled in dict.fromkeys((text, text.upper())):
            ways.append(Way(f"reference{len(ways)}", "reference", spelled))
    for spelled in dict.fromkeys((text, text.upper(), text.lower())):
        ways.append(Way(f"voucher{len(ways)}", "external_id", spelled))
    if text.isascii() and text.isdigit() and int(text) <= _LARGEST_NUMBER:
        ways.append(Way("ours", "voucher_number", int(text)))
    return ways


def _listing(query: RecordQuery) -> Way:
    """Return how records are listed without words: by what there are fewest of."""
    if query.state is not None:
        return Way(STATE, STATE, query.state)
    return Way(STATUS, STATUS, query.status) if query.status else Way(NEWEST, NEWEST, None)


def _amounts(text: str) -> list[Way]:
    """Read the words as an amount, in minor units of currencies with any number of decimals."""
    amount = read_amount(text)
    if amount is None:
        return []
    minors = {places: amount.scaleb(places) for places in _DECIMALS}
    return [
        Way(f"amount{places}", "amount_minor", int(minor), amount)
        for places, minor in minors.items()
        if minor == int(minor) and abs(minor) <= _LARGEST_MINOR
    ]


def read_amount(text: str) -> Decimal | None:
    """Read an amount as people write it (412, 412,00, 1 234,50, NOK 1.234,50), or none."""
    plain = re.sub(r"(?i)^(kr|[a-z]{3})\.?\s|\s(kr|[a-z]{3})\.?$|\s", "", text)
    decimal = max(plain.rfind(","), plain.rfind("."))
    if decimal >= 0:
        whole, fraction = re.sub("[.,]", "", plain[:decimal]), plain[decimal + 1 :]
        # Three digits after the only kind of mark are thousands, as in 1.234.
        thousands = len(fraction) == 3 and len(set(re.findall("[.,]", plain))) == 1
        plain = whole + fraction if thousands else f"{whole}.{fraction}"
    return Decimal(plain) if _AMOUNT.fullmatch(plain) else None


def write_cursor(way: Way, after: After | None) -> str:
    """Return what names the place to go on at."""
    return f"{way.name}|{after.id}|{after.word}" if after else ""


def read_cursor(cursor: str, ways: Sequence[Way]) -> tuple[int, After | None]:
    """Return which way to go on along and after what; raises InvalidInput."""
    if not cursor:
        return 0, None
    name, _, rest = cursor.partition("|")
    row, _, word = rest.partition("|")
    known = {way.name: place for place, way in enumerate(ways)}
    whole = row.isascii() and row.isdigit() and len(row) <= _LONGEST_ROW and word.isprintable()
    if name not in known or not whole or not _continues(ways[known[name]], word):
        sentence = msg("This cursor is damaged. Start without one.")
        raise InvalidInput(sentence, fields={"cursor": sentence})
    return known[name], After(int(row), word)


def _continues(way: Way, word: str) -> bool:
    """Tell whether a cursor's word is among those its way goes through."""
    return word.startswith(way.value) if way.by in BEGINNINGS else not word
