"""What the field mapping editor draws: a line for each category and for each target field."""

from collections.abc import Iterable, Mapping
from typing import TypedDict

from integration_admin.core.messages import msg
from integration_admin.services.mapping_form import COMPOSE, CONSTANT, CategoryRow, TargetRow
from integration_admin.services.mapping_words import category_label, origin_label
from integration_admin.states.speech import Speech

_SHOWN_CHOICES = 20


class CategoryLine(TypedDict):
    """One category and the account it goes to."""

    name: str
    category: str
    key: str
    """What the category is called in the claims, where that is not its name."""
    code: str
    account: str
    """The saved code, or the suggested one, with the account's name; nothing where that is not known."""
    suggested: bool
    warning: str
    drawn: int
    """How often a file has filled the field in: it is drawn anew each time, and only then."""


class TargetLine(TypedDict):
    """One target field and where its value comes from."""

    name: str
    label: str
    help: str
    required: bool
    origin: str
    value: str
    account: str
    """The saved code with its name, where there is one."""
    origins: list[tuple[str, str]]
    reference: str
    """The list of the accounting system the value is a code of, or nothing."""
    usual: bool
    warning: str


def with_name(code: str, names: Mapping[str, str]) -> str:
    """Return a code with what it is called in the accounting system; nothing where that is not known."""
    return f"{code} {names[code]}" if code in names else ""


def category_line(row: CategoryRow, speech: Speech, account: str = "", drawn: int = 0) -> CategoryLine:
    """Return what the form shows of a category."""
    name = speech.say(category_label(row.category))
    return {
        "name": f"map:{row.target}:{row.category}",
        "category": name,
        "key": row.category if row.category != name else "",
        "code": row.code,
        "account": account,
        "suggested": row.suggested,
        "warning": "",
        "drawn": drawn,
    }


def kept_lines(before: Mapping[str, CategoryLine], read: Iterable[CategoryLine]) -> list[CategoryLine]:
    """Return lines that were read anew, without undoing what somebody has filled in or typed since they were drawn.

    Those a file has filled in stay as they are, and a field that was not marked as a suggestion does not become one.
    """
    left = dict(before)
    lines: list[CategoryLine] = []
    for line in read:
        old = left.pop(line["name"], line)
        own = line["suggested"] and not old["suggested"]
        anew = CategoryLine(**{**line, "suggested": False, "account": ""}) if own else line
        lines.append(old if old["drawn"] else anew)
    return [*lines, *(line for line in left.values() if line["drawn"])]


def target_line(row: TargetRow, speech: Speech, account: str = "") -> TargetLine:
    """Return what the form shows of a target field."""
    return {
        "name": row.target.name,
        "label": speech.say(row.target.label),
        "help": _help(row, speech),
        "required": row.target.required,
        "origin": row.origin,
        "value": row.value,
        "account": account,
        "origins": [(name, speech.say(origin_label(name))) for name in row.origins],
        "reference": row.target.reference or "",
        "usual": row.usual,
        "warning": "",
    }


def _help(row: TargetRow, speech: Speech) -> str:
    """Say what a field is for, and which values it may have where they are few."""
    about = speech.say(row.target.help)
    listed = ", ".join(row.target.choices[:_SHOWN_CHOICES])
    choices = msg("It may be one of these: {choices}.", choices=listed)
    return f"{about} {speech.say(choices)}" if listed else about


def place_of(name: str, origin: str) -> str:
    """Return the id of the field a target's value is written in or, where nothing is written, chosen by."""
    return f"value:{name}" if origin in {CONSTANT, COMPOSE} else f"from:{name}"
