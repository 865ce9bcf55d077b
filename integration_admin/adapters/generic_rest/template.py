"""A voucher's own form: a JSON object written by the administrator, with {names} where values go.

Which settings there are is in fields.py; the usual form, without a template, is in vouchers.py.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from integration_admin.adapters.base import Voucher
from integration_admin.adapters.generic_rest.template_values import (
    AMOUNTS,
    LINE_NAMES,
    VOUCHER_NAMES,
    Value,
    of_line,
    of_voucher,
    written,
)
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg

REFERENCE_LENGTH: Final = 25
"""Characters of our own references (see adapters/base.py)."""

_PLACE: Final = re.compile(r"\{([a-z_]+)(?::(number|minor|[1-9][0-9]{0,3}))?\}")
_MOST_LEVELS: Final = 20
_NOTHING: Final = object()
"""Stands for what is left out because it has no value."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A string with places in it."""

    text: str


@dataclass(frozen=True, slots=True)
class _Object:
    """Members by name, and whether there is a place in them."""

    members: tuple[tuple[str, Any, bool], ...]


@dataclass(frozen=True, slots=True)
class _List:
    """Elements, and whether they are repeated for each line."""

    elements: tuple[tuple[Any, bool], ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A form that was found in order."""

    root: _Object
    names: Mapping[str, str]
    """The far side's name of a member -> what is put there."""

    def filled(self, voucher: Voucher) -> dict[str, Any]:
        """Return the voucher in this form; members without a value are left out.

        Numbers are int or Decimal, so that no amount passes through a float. Raises Unfit.
        """
        lines = [of_line(voucher, number, line) for number, line in enumerate(voucher.lines, start=1)]
        filled = _filled(self.root, of_voucher(voucher), lines)
        return filled if isinstance(filled, dict) else {}


@lru_cache(maxsize=64)
def parse(text: str) -> Template:
    """Read a template. Raises InvalidInput with a sentence for what is wrong with it."""
    try:
        root = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        root = None
    if not isinstance(root, dict):
        raise _wrong(
            msg(
                "This is not a JSON object. It begins with {opening} and ends with {closing}, and names stand in"
                " double quotes.",
                opening="{",
                closing="}",
            )
        )
    used = list(_uses(root, "", 0))
    for name, kind, _ in used:
        _check(name, kind)
    names = [name for name, _, _ in used]
    repeated = [name for element in _repeated(root) for name, _, _ in _uses(element, "", 0)]
    if "reference" not in names:
        raise _wrong(
            msg(
                "Write {reference} where our reference goes, or nothing can be looked up.",
                reference="{reference}",
            )
        )
    if "amount" not in repeated or _of_lines(names) != _of_lines(repeated):
        raise _wrong(
            msg(
                "Put what belongs to a line, such as {account} and {amount}, into one object in a list. It is"
                " repeated for each line.",
                account="{account}",
                amount="{amount}",
            )
        )
    compiled = _compiled(root, is_in_line=False)
    # Of several members with one name the first is the line's, not the one that balances it.
    return Template(compiled, {member: name for name, _, member in reversed(used) if member})


def _check(name: str, kind: str) -> None:
    if name not in LINE_NAMES | VOUCHER_NAMES:
        known = ", ".join(sorted(LINE_NAMES | VOUCHER_NAMES))
        raise _wrong(msg("There is no value called {name}. There are: {known}.", name=name, known=known))
    if kind == "minor" and name not in AMOUNTS:
        raise _wrong(msg("Only an amount can be written in its smallest unit, not {name}.", name=name))
    if name == "reference" and kind.isdigit() and int(kind) < REFERENCE_LENGTH:
        raise _wrong(
            msg(
                "Our reference has up to {length} characters, and there is room for {count} only. Put it into"
                " another field.",
                length=REFERENCE_LENGTH,
                count=kind,
            )
        )


def _uses(node: Any, member: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """Yield (name, kind, the member it stands in) for each place; raises InvalidInput for what is too deep."""
    if depth > _MOST_LEVELS:
        raise _wrong(msg("This has more than {count} levels inside one another.", count=_MOST_LEVELS))
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _uses(inner, key, depth + 1)
    elif isinstance(node, list):
        for inner in node:
            yield from _uses(inner, member, depth + 1)
    elif isinstance(node, str):
        if "{" in _PLACE.sub("", node):
            raise _wrong(
                msg("“{text}” has a bracket that does not enclose one of the names.", text=node[:80])
            )
        yield from ((found[1], found[2] or "", member) for found in _PLACE.finditer(node))


def _repeated(node: Any) -> Iterator[Any]:
    """Yield what is repeated for each line: elements of a list that hold a value of a line."""
    if isinstance(node, dict):
        for inner in node.values():
            yield from _repeated(inner)
    elif isinstance(node, list):
        for inner in node:
            if _is_of_line(inner):
                yield inner
            else:
                yield from _repeated(inner)


def _is_of_line(node: Any) -> bool:
    return any(name in LINE_NAMES for name, _, _ in _uses(node, "", 0))


def _of_lines(names: list[str]) -> int:
    return sum(name in LINE_NAMES for name in names)


def _compiled(node: Any, *, is_in_line: bool) -> Any:
    """Return a part of the template with what never changes from voucher to voucher worked out."""
    if isinstance(node, dict):
        return _Object(
            tuple(
                (key, _compiled(inner, is_in_line=is_in_line), any(_uses(inner, "", 0)))
                for key, inner in node.items()
            )
        )
    if isinstance(node, list):
        # What stands in a list inside a line is part of that line, and not repeated again.
        marked = [(inner, not is_in_line and _is_of_line(inner)) for inner in node]
        return _List(
            tuple((_compiled(inner, is_in_line=is_in_line or again), again) for inner, again in marked)
        )
    return _Text(node) if isinstance(node, str) and _PLACE.search(node) else node


def _filled(node: Any, values: Mapping[str, Value], lines: Sequence[Mapping[str, Value]]) -> Any:
    """Return a part of the template with its values, or _NOTHING where it has places and all are empty."""
    match node:
        case _Object(members):
            found = [(key, _filled(inner, values, lines), has_place) for key, inner, has_place in members]
            kept = {key: value for key, value, _ in found if value is not _NOTHING}
            is_empty = any(mark for *_, mark in members) and not any(
                mark and value is not _NOTHING for _, value, mark in found
            )
            return _NOTHING if is_empty else kept
        case _List(elements):
            filled = [
                value
                for inner, again in elements
                for line in (lines if again else ({},))
                if (value := _filled(inner, {**values, **line} if again else values, lines)) is not _NOTHING
            ]
            return filled if filled or not elements else _NOTHING
        case _Text(text):
            return _written(text, values)
    return node


def _written(text: str, values: Mapping[str, Value]) -> Any:
    """Return a string with its places filled; one that is nothing but a place keeps its type."""
    alone = _PLACE.fullmatch(text)
    if alone is not None:
        value = written(alone[1], alone[2] or "", values)
        return _NOTHING if value == "" else value
    parts = [str(written(found[1], found[2] or "", values)) for found in _PLACE.finditer(text)]
    filled = iter(parts)
    return _PLACE.sub(lambda _: next(filled), text) if any(parts) else _NOTHING


def _wrong(sentence: Message) -> InvalidInput:
    return InvalidInput(sentence, fields={"body": sentence})
