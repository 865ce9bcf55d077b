"""The accounting system's lists as a mapping is judged by them: what a code stands for, and which one was meant."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Self

from integration_admin.core.reference import ReferenceItem

ID_PREFIX = "dbId:"
"""Marks a code that is an entry's own id in the accounting system, for codes several entries share."""
_CLOSE_ENOUGH = 0.6
_COMPARED = 300


@dataclass(frozen=True, slots=True)
class CodeLookup:
    """The accounting system's lists, by code and by id, as they stand on `today`."""

    today: date
    by_code: Mapping[str, Mapping[str, tuple[ReferenceItem, ...]]]
    by_id: Mapping[str, Mapping[str, ReferenceItem]]
    usable: Mapping[str, tuple[str, ...]]
    """The codes that are open and can be posted to, sorted."""

    @classmethod
    def of(cls, lists: Mapping[str, Iterable[ReferenceItem]], today: date) -> Self:
        """Index reference lists given by name."""
        by_code: dict[str, dict[str, tuple[ReferenceItem, ...]]] = {}
        by_id: dict[str, dict[str, ReferenceItem]] = {}
        for name, items in lists.items():
            grouped: dict[str, list[ReferenceItem]] = defaultdict(list)
            by_id[name] = {}
            for item in items:
                grouped[item.code].append(item)
                by_id[name][item.id] = item
            by_code[name] = {code: tuple(same) for code, same in grouped.items()}
        usable = {name: _usable(codes) for name, codes in by_code.items()}
        return cls(today, by_code, by_id, usable)

    def has(self, list_name: str) -> bool:
        """Tell whether the list has been read and holds anything."""
        return bool(self.by_code.get(list_name))

    def find(self, list_name: str, code: str) -> tuple[ReferenceItem, ...]:
        """Return what `code`, or an id written as `dbId:123`, stands for."""
        if code.startswith(ID_PREFIX):
            item = self.by_id.get(list_name, {}).get(code.removeprefix(ID_PREFIX))
            return () if item is None else (item,)
        return self.by_code.get(list_name, {}).get(code, ())

    def nearest(self, list_name: str, code: str) -> str:
        """Return the usable code most like `code`: one that begins alike, else one spelled alike; empty if none."""
        usable = self.usable.get(list_name, ())
        place = bisect_left(usable, code)
        if place < len(usable) and usable[place].startswith(code):
            return usable[place]
        neighbours = usable[max(0, place - _COMPARED) : place + _COMPARED]
        around = [other for other in neighbours if other[:1] == code[:1]]
        shorter = [other for other in around if code.startswith(other)]
        if shorter:
            return max(shorter, key=len)
        return next(iter(get_close_matches(code, around, n=1, cutoff=_CLOSE_ENOUGH)), "")


def _usable(codes: Mapping[str, tuple[ReferenceItem, ...]]) -> tuple[str, ...]:
    return tuple(
        sorted(code for code, items in codes.items() if any(item.open and item.posting for item in items))
    )
