"""The form of a voucher, guessed from the names of the values a description has for a body."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integration_admin.adapters.generic_rest.openapi_schema import Leaf
from integration_admin.adapters.generic_rest.rules import Rule, written
from integration_admin.adapters.generic_rest.targets import DIMENSIONS
from integration_admin.adapters.generic_rest.template import REFERENCE_LENGTH, parse
from integration_admin.adapters.generic_rest.template_values import TARGETS
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg

REFERENCE: Final = re.compile(
    r"(external|your|our|client|source|document)?(ref|refno|reference|referencenumber)|externalid"
)
WITHOUT_VAT: Final = "amount without VAT"
"""No value of ours: a claim's amounts have VAT in them, which the accounting system would add once more."""
_VOUCHER: Final = (
    ("reference", REFERENCE),
    ("due_date", re.compile(r"due(date)?|paymentduedate")),
    ("date", re.compile(r"(posting|posted|voucher|booking|transaction|journal|document|entry)?date")),
    ("currency", re.compile(r"currency(code)?")),
    ("document", re.compile(r"(document|invoice|voucher)(no|number)")),
    ("credit_account", re.compile(r"credit(account)?(number|code|no|id)?|balancingaccount(number|code|no)?")),
    (
        "credit_party",
        re.compile(r"credit(party|employee|supplier)|(employee|supplier|party)(number|code|no|id)?"),
    ),
    ("total", re.compile(r"(total)?amount|total")),
    ("record_id", re.compile(r"text|description|comment|memo|title|narration|name")),
)
_LINE: Final = (
    ("account", re.compile(r"(gl|ledger|main|debit)?account(number|code|no|id)?")),
    ("amount", re.compile(r"(gross|line)?amount(lcy|currency)?|value")),
    (WITHOUT_VAT, re.compile(r"netamount(lcy|currency)?")),
    ("text", re.compile(r"(line)?(text|description|comment|memo|narration)")),
    ("vat_code", re.compile(r"(vat|tax)(code|type|rule)?(number|code|no|id)?")),
    ("cost_centre", re.compile(r"cost(centre|center)(number|code|no|id)?")),
    ("project", re.compile(r"project(number|code|no|id)?")),
    ("department", re.compile(r"department(number|code|no|id)?")),
    ("line_number", re.compile(r"line(no|number)|(sequence|row)(no|number)?")),
    ("line_party", re.compile(r"(employee|supplier|party)(number|code|no|id)?")),
)
_VAGUE: Final = frozenset({"number", "code", "no", "id", "value"})
"""Names that say something only together with the object they are in."""
_LIMITED: Final = {"text": 200, "reference": REFERENCE_LENGTH, "currency": 3, "date": 10, "due_date": 10}
"""Characters the values have at the most; a room that is larger needs no word."""
_CODE_LENGTH: Final = 60
_CODED: Final = frozenset({"vat_code", *DIMENSIONS})
"""Values a mapping can hold to those that are listed."""
_DATES: Final = frozenset({"date", "due_date"})
"""Written as they are: a voucher always has the first, and nobody is asked for the length of a date."""

Guess = tuple[Leaf, str]


@dataclass(frozen=True, slots=True)
class Body:
    """A template, empty where none can be made, the rules for its fields, and what an administrator should know."""

    template: str
    rules: str
    notes: tuple[Message, ...]


def proposed(leaves: Sequence[Leaf]) -> Body:
    """Return the form of a voucher these values suggest."""
    lines = _lines(leaves)
    guesses: list[Guess] = []
    missing: list[str] = []
    taken: set[tuple[str, str]] = set()
    if any(guess(leaf, is_in_lines=True) == "amount" for leaf in _within(leaves, lines)):
        taken.add(("line", WITHOUT_VAT))
    for leaf in leaves:
        place = _place(leaf, lines, taken)
        if place:
            guesses.append((leaf, place))
        elif leaf.required:
            missing.append(leaf.described().path)
    whole = _built(guesses)
    notes = [*_balanced(whole, lines, guesses), *_about_vat(guesses, lines)]
    if missing:
        names = ", ".join(missing[:12])
        notes.append(msg("These must have a value, and none could be guessed: {names}.", names=names))
    text = json.dumps(whole, ensure_ascii=False)
    try:
        parse(text)
    except InvalidInput as wrong:
        notes.append(msg("The form of a voucher has to be written by hand. {why}", why=wrong.message))
        text = ""
    return Body(text, _rules(guesses) if text else "", tuple(notes))


def _rules(guesses: Iterable[Guess]) -> str:
    """Return what is demanded of the mapping's fields that are written somewhere."""
    return written(
        (
            TARGETS.get(name, name),
            Rule(required=leaf.required, max_length=leaf.max_length, choices=leaf.choices),
        )
        for leaf, place in guesses
        if place.startswith("{") and (name := re.split(r"[{:}]", place)[1]) not in _DATES
    )


def guess(leaf: Leaf, *, is_in_lines: bool) -> str:
    """Return the value a leaf most likely wants, by its name."""
    named = [step for step in leaf.steps if step != "*"]
    last = _plain(named[-1]) if named else ""
    if last in _VAGUE and len(named) > 1:
        last = _plain(named[-2]) + last
    patterns = _LINE if is_in_lines else _VOUCHER
    return next((value for value, pattern in patterns if pattern.fullmatch(last)), "")


def _lines(leaves: Iterable[Leaf]) -> tuple[str, ...]:
    """Return where the list of lines is: the first that has amounts in it."""
    for leaf in leaves:
        if "*" in leaf.steps and guess(leaf, is_in_lines=True) in {"amount", WITHOUT_VAT}:
            return leaf.steps[: leaf.steps.index("*") + 1]
    return ()


def _within(leaves: Iterable[Leaf], lines: tuple[str, ...]) -> list[Leaf]:
    """Return the values of a line."""
    return [leaf for leaf in leaves if lines and leaf.steps[: len(lines)] == lines]


def _about_vat(guesses: Iterable[Guess], lines: tuple[str, ...]) -> list[Message]:
    """Say where amounts with VAT in them go into a field for amounts without it."""
    return [
        msg(
            "“{name}” seems to be an amount without VAT, and a claim's amounts have it in them. Map no VAT code, or"
            " write the form of a voucher by hand.",
            name=leaf.described().path,
        )
        for leaf in _within((leaf for leaf, _ in guesses), lines)
        if guess(leaf, is_in_lines=True) == WITHOUT_VAT
    ]


def _place(leaf: Leaf, lines: tuple[str, ...], taken: set[tuple[str, str]]) -> str:
    """Return what to write for a value: a place, or the only value there is; each place is used once."""
    if len(leaf.choices) == 1:
        return leaf.choices[0]
    is_in_lines = bool(lines) and leaf.steps[: len(lines)] == lines
    value = guess(leaf, is_in_lines=is_in_lines) if leaf.steps.count("*") <= int(is_in_lines) else ""
    key = ("line" if is_in_lines else "voucher", value)
    if not value or key in taken or not _fits(leaf, value):
        return ""
    taken.add(key)
    value = "amount" if value == WITHOUT_VAT else value
    if leaf.type != "string":
        return f"{{{value}:number}}"
    most = leaf.max_length
    limit = min(_LIMITED.get(value, _CODE_LENGTH), 1_000)
    return f"{{{value}:{most}}}" if most is not None and most < limit else f"{{{value}}}"


def _fits(leaf: Leaf, value: str) -> bool:
    """Tell whether a value can be written there as it is."""
    if leaf.type not in {"string", "number", "integer"} or (leaf.choices and value not in _CODED):
        return False
    if leaf.type == "integer" and value in {"amount", "total", WITHOUT_VAT}:
        # It may be in øre or in whole kroner, and the description does not say.
        return False
    return not (value == "reference" and leaf.max_length and leaf.max_length < REFERENCE_LENGTH)


def _built(guesses: Iterable[Guess]) -> dict[str, Any]:
    """Return the nested object with what was guessed; every list has one element."""
    whole: dict[str, Any] = {}
    for leaf, place in guesses:
        node: Any = whole
        for step, following in zip(leaf.steps, leaf.steps[1:], strict=False):
            inner: Any = [{}] if following == "*" else {}
            node = node[0] if step == "*" else node.setdefault(step, inner)
        if leaf.steps and leaf.steps[-1] != "*" and isinstance(node, dict):
            node[leaf.steps[-1]] = place
        elif isinstance(node, list):
            node[0] = place
    return whole


def _balanced(whole: dict[str, Any], lines: tuple[str, ...], guesses: Sequence[Guess]) -> list[Message]:
    """Add a line that balances the others, where nothing else takes the account for what is owed."""
    places = [place for _, place in guesses]
    if not any(place.startswith("{amount") for place in places) or any(
        "credit_account" in place for place in places
    ):
        return []
    listed: Any = whole
    for step in lines[:-1]:
        listed = listed[step]
    credit = json.dumps(listed[0])
    for value, instead in (
        ("account", "credit_account"),
        ("amount", "credit_total"),
        ("text", "record_id"),
        ("line_party", "credit_party"),
    ):
        credit = re.sub(rf"\{{{value}(?=[:}}])", f"{{{instead}", credit)
    kept = {"credit_account", "credit_total", "record_id", "credit_party"}
    listed.append(_only(json.loads(credit), kept))
    return [
        msg(
            "A line that balances the others was added to the list. Take it out if the accounting system makes"
            " it by itself."
        )
    ]


def _only(node: Any, kept: set[str]) -> Any:
    """Return an object without places for other values than `kept`; what is no place stays."""
    if isinstance(node, dict):
        members = {name: _only(inner, kept) for name, inner in node.items()}
        return {name: inner for name, inner in members.items() if inner not in ({}, None, [])}
    if isinstance(node, str) and node.startswith("{"):
        return node if re.split(r"[{:}]", node)[1] in kept else None
    return None if isinstance(node, list) else node


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
