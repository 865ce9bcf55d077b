"""Why a record or a parameter is refused, in plain sentences: pydantic's faults translated, without what was sent.

Storing records lives in records.py.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from integration_admin.core.errors import InvalidInput
from integration_admin.core.json_objects import TWICE, value_at
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money

_MOST = 50
_NAME_SHOWN = 64
_KINDS = frozenset({"expense_claim", "reimbursement", "activity"})

_DATE = msg("Write the date as 2026-11-05.")
_UNSTORABLE = msg("This text holds characters that cannot be stored.")
_WHOLE_NUMBER = msg("This must be a whole number.")
_OBJECT = msg("This must be an object with named fields.")
_TWICE = msg("This field is there twice, so nobody can tell which value is meant.")
_KIND = msg("A record must say its kind: expense_claim, reimbursement or activity.")
_GENERAL = msg("This value cannot be accepted.")

_PLAIN: dict[str, Message] = {
    "missing": msg("This field is missing."),
    "extra_forbidden": msg("A record has no field of this name."),
    "string_type": msg("This must be text in quotation marks."),
    "string_unicode": _UNSTORABLE,
    "string_too_short": msg("This must not be empty."),
    "string_pattern_mismatch": msg("This must not begin with a space or hold line breaks."),
    "int_type": msg("Write a whole number such as 1, without decimals or quotation marks."),
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "date_type": _DATE,
    "date_from_datetime_parsing": _DATE,
    "list_type": msg("This must be a list."),
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "union_tag_not_found": _KIND,
    "union_tag_invalid": _KIND,
}

_Limits = Mapping[str, Any]


def _one_of(limits: _Limits) -> Message:
    # pydantic joins the last two choices with an English word.
    choices = limits["expected"].replace("' or '", "', '")
    return msg("This must be one of these: {choices}.", choices=choices)


_WITH_LIMIT: dict[str, Callable[[_Limits], Message]] = {
    "string_too_long": lambda limits: msg(
        "This is longer than {count} characters.", count=limits["max_length"]
    ),
    "too_short": lambda limits: msg("This needs at least {count} entry.", count=limits["min_length"]),
    "too_long": lambda limits: msg("This has more than {count} entries.", count=limits["max_length"]),
    "greater_than_equal": lambda limits: msg("This must be {limit} or more.", limit=limits["ge"]),
    "less_than_equal": lambda limits: msg("This must be {limit} or less.", limit=limits["le"]),
    "literal_error": _one_of,
    "enum": _one_of,
}

_OWN_RULES: dict[str, tuple[str, Message]] = {
    'must be a decimal string such as "412.00", not a number': (
        "",
        msg("Write it in quotation marks, as in “412.00”; a bare number may lose decimals."),
    ),
    "bank_account is not a Norwegian account number": (
        "bank_account",
        msg("This is not a Norwegian account number: eleven digits, of which the last is a check digit."),
    ),
    "the lines do not add up to total": ("total", msg("The lines do not add up to this total.")),
    "two lines have the same number": ("lines", msg("Two lines have the same number.")),
    "approved_on is missing on an approved claim": (
        "approved_on",
        msg("An approved claim needs the date of its approval."),
    ),
    'must be a decimal string such as "3.5"': ("", msg("Write the number as 3.5.")),
    "must be a date such as 2026-11-01": ("", _DATE),
    "must not hold the zero character": ("", _UNSTORABLE),
    "must show something": ("", msg("This holds only characters that nobody can see.")),
    "hours is out of range": ("hours", msg("The hours must be from 0 to 99,999.")),
}
"""What core/records.py says itself, by its own words: the field below the one that is blamed, and the sentence."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a record is refused; `field` is a path such as `lines.2.amount`, lines counted from 1."""

    field: str
    message: Message


def reasons_of(error: ValidationError, raw: Any) -> tuple[Reason, ...]:
    """Translate what pydantic found in `raw`; at most fifty reasons, and never a value that was sent."""
    found = [
        reason
        for detail in error.errors(include_url=False, include_input=False)[:_MOST]
        for reason in _reasons(detail, raw)
    ]
    return tuple(found[:_MOST])


def sentence_of(detail: ErrorDetails) -> Message:
    """Say what is wrong with one value, by what pydantic calls it and the limits it names."""
    kind = detail["type"]
    make = _WITH_LIMIT.get(kind)
    return make(detail.get("ctx", {})) if make else _PLAIN.get(kind, _GENERAL)


def unstorable_reasons(payload: Any, place: tuple[str | int, ...] = ()) -> Iterator[Reason]:
    """Yield a reason for every text in `payload` that is not whole: half a surrogate pair has no UTF-8."""
    if isinstance(payload, dict):
        for name, value in payload.items():
            yield from unstorable_reasons(value, (*place, name))
    elif isinstance(payload, list):
        for index, value in enumerate(payload):
            yield from unstorable_reasons(value, (*place, index))
    elif isinstance(payload, str) and any("\ud800" <= sign <= "\udfff" for sign in payload):
        yield Reason(_path(place), _UNSTORABLE)


def _reasons(detail: ErrorDetails, raw: Any) -> list[Reason]:
    kind, limits = detail["type"], detail.get("ctx", {})
    tag, *rest = detail["loc"] or ("",)
    place = tuple(rest) if tag in _KINDS else detail["loc"]
    if kind in {"union_tag_not_found", "union_tag_invalid"}:
        place = ("kind",)
    if value_at(raw, place) is TWICE:
        return [Reason(_path(place), _TWICE)]
    if kind == "value_error":
        return _own_rule(str(limits.get("error", "")), place, raw)
    if kind == "string_pattern_mismatch" and place == ("currency",):
        return [Reason("currency", _currency())]
    return [Reason(_path(place), sentence_of(detail))]


def _own_rule(words: str, place: tuple[str | int, ...], raw: Any) -> list[Reason]:
    if words in _OWN_RULES:
        below, message = _OWN_RULES[words]
        return [Reason(_path((*place, below) if below else place), message)]
    return _amount_reasons(raw) or [Reason(_path(place), _GENERAL)]


def _amount_reasons(raw: Any) -> list[Reason]:
    """Find which amounts of a record are none in its currency."""
    currency = raw.get("currency", "")
    if not _is_money("0", currency):
        return [Reason("currency", _currency())]
    sentence = msg(
        "Write the amount as 412.00, with no more decimals than {currency} has.", currency=currency
    )
    return [Reason(field, sentence) for field, amount in _amounts(raw) if not _is_money(amount, currency)]


def _amounts(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("total", "amount"):
        if isinstance(raw.get(name), str):
            yield name, raw[name]
    for place, line in enumerate(raw.get("lines", ())):
        yield _path(("lines", place, "amount")), line["amount"]


def _is_money(amount: str, currency: str) -> bool:
    try:
        Money.parse(amount, currency)
    except InvalidInput:
        return False
    return True


def _currency() -> Message:
    return msg("Write the currency as its three letters (ISO 4217), such as NOK.")


def _path(place: tuple[str | int, ...]) -> str:
    """Write a place as people count: `lines.1` is the first line."""
    return ".".join(str(part + 1) if isinstance(part, int) else _shown(part) for part in place)


def _shown(name: str) -> str:
    """Return a field's name as it was sent, short and without what cannot be written out."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name[:_NAME_SHOWN])
