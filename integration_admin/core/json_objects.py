"""Objects of JSON in which a name stands once: of two amounts nobody can tell which one was meant."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final


class _SaidTwice:
    """The value of a name that stands more than once; no field of a record takes it."""


TWICE: Final = _SaidTwice()


def read_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object as a decoder's `object_pairs_hook`; what stands more than once has the value TWICE."""
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(name for name, _ in pairs)
        found |= {name: TWICE for name, count in times.items() if count > 1}
    return found


def value_at(raw: Any, place: Iterable[str | int]) -> Any:
    """Return what stands at a place in decoded JSON, or None where nothing does."""
    for step in place:
        try:
            raw = raw[step]
        except (KeyError, IndexError, TypeError):
            return None
    return raw
