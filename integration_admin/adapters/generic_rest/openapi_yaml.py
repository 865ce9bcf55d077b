"""YAML read as JSON would be: no types of its own, no merge keys, nothing nested without end.

The library's own way to build objects recurses in C, where deep nesting ends the process and a long
document holds up everybody else; reading its events one by one does neither.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MOST_LEVELS: Final = 200
_WORDS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}")
_FRACTION: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]{1,3})?")
_TAGS: Final = frozenset(
    {None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
)


def parse(text: str) -> Any:
    """Return the one document in `text`. Raises ValueError, yaml.YAMLError."""
    builder = _Builder()
    for event in yaml.parse(text, Loader=_Parser):
        builder.take(event)
    return builder.whole


@dataclass(slots=True)
class _Builder:
    """Puts a document together from its events."""

    whole: Any = None
    _open: list[Any] = field(default_factory=list)
    """The lists and objects around the next value."""
    _keys: list[str | None] = field(default_factory=list)
    """For each of them, the name a value is awaited for."""
    _anchors: dict[str, Any] = field(default_factory=dict)
    _documents: int = 0

    def take(self, event: Any) -> None:
        """Add what one event says. Raises ValueError for what JSON has no form for."""
        match event:
            case yaml.ScalarEvent():
                self._add(_scalar(event), event.anchor)
            case yaml.AliasEvent():
                if event.anchor not in self._anchors:
                    raise ValueError(event.anchor)
                self._add(self._anchors[event.anchor], None)
            case yaml.CollectionStartEvent():
                self._begin(event)
            case yaml.CollectionEndEvent():
                self._open.pop()
                self._keys.pop()
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    detail = "more than one document"
                    raise ValueError(detail)

    def _begin(self, event: Any) -> None:
        _require_plain(event.tag)
        value: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._add(value, event.anchor)
        if len(self._open) >= _MOST_LEVELS:
            detail = "nested too deep"
            raise ValueError(detail)
        self._open.append(value)
        self._keys.append(None)

    def _add(self, value: Any, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = value
        if not self._open:
            self.whole = value
        elif isinstance(self._open[-1], list):
            self._open[-1].append(value)
        elif self._keys[-1] is None:
            if isinstance(value, dict | list):
                detail = "a name that is not text"
                raise ValueError(detail)
            self._keys[-1] = str(value)
        else:
            self._open[-1][self._keys[-1]] = value
            self._keys[-1] = None


def _scalar(event: Any) -> Any:
    """Return a plain word as JSON's types have it; dates and whatever else stay text."""
    _require_plain(event.tag)
    text: str = event.value
    if not event.implicit[0] or event.tag is not None:
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FRACTION.fullmatch(text) else text


def _require_plain(tag: str | None) -> None:
    if tag not in _TAGS:
        raise ValueError(tag)
