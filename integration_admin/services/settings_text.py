"""The text of a settings file: YAML in which every value is text. What must stand in it is in settings_document.py.

Nothing becomes a number by itself, so the account 0710 stays 0710 and the category `no` stays `no`. Anchors, tags
and doubled keys are refused, and so is what is nested without end.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg

MOST_BYTES: Final = 2_000_000
"""Longer than any mapping with full value maps."""
_MOST_LEVELS: Final = 10
_NOTHING: Final = frozenset({"", "~", "null"})
_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_text(raw: bytes) -> dict[str, Any]:
    """Return what a file says: texts, lists and names with values. Raises InvalidInput with the line at fault."""
    if len(raw) > MOST_BYTES:
        raise InvalidInput(msg("The file is too large: at most {count} bytes.", count=MOST_BYTES))
    try:
        whole = _document(yaml.parse(raw.decode("utf-8-sig"), Loader=_Parser))
    except UnicodeDecodeError:
        raise InvalidInput(msg("The file is not UTF-8 text.")) from None
    except yaml.YAMLError as error:
        raise _at(getattr(error, "problem_mark", None), msg("This is not YAML.")) from None
    if not isinstance(whole, dict):
        raise InvalidInput(msg("The file does not hold an integration's settings."))
    return whole


def write_text(document: Mapping[str, Any]) -> str:
    """Return the text that `read_text` reads as `document`; what other programs would take for a number is quoted."""
    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=110)


def _document(events: Iterator[Any]) -> Any:
    """Return the one document there is; none is nothing."""
    whole: Any = None
    seen = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            seen += 1
            if seen > 1:
                raise _at(event.start_mark, msg("There is a second document in the file."))
            whole = _value(next(events), events, 0)
    return whole


def _value(event: Any, events: Iterator[Any], level: int) -> Any:
    """Return the value that begins with `event`."""
    plain = isinstance(event, yaml.NodeEvent) and event.anchor is None
    if not plain or getattr(event, "tag", None) is not None:
        raise _at(event.start_mark, msg("Anchors, references and types of YAML's own are not read here."))
    if level > _MOST_LEVELS:
        raise _at(event.start_mark, msg("This is nested too deep."))
    if isinstance(event, yaml.ScalarEvent):
        return None if event.implicit[0] and event.value in _NOTHING else str(event.value)
    if isinstance(event, yaml.SequenceStartEvent):
        return list(_items(events, level + 1))
    return _names(events, level + 1)


def _items(events: Iterator[Any], level: int) -> Iterator[Any]:
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        yield _value(event, events, level)


def _names(events: Iterator[Any], level: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        name = _value(event, events, level)
        if isinstance(name, dict | list):
            raise _at(event.start_mark, msg("A name is expected here."))
        key = event.value
        if key in found:
            raise _at(event.start_mark, msg("“{name}” is there twice.", name=key))
        found[key] = _value(next(events), events, level)
    return found


def _at(mark: Any, reason: Message) -> InvalidInput:
    """Say in which line of the file something is wrong, where that is known."""
    if mark is None:
        return InvalidInput(reason)
    return InvalidInput(msg("Line {number}: {reason}", number=mark.line + 1, reason=reason))
