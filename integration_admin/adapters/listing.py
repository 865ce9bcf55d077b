"""Lists of an accounting system to which codes alone are sent, never the ids of entries."""

from collections.abc import Iterable

from integration_admin.core.reference import ReferenceItem


def once_each(items: Iterable[ReferenceItem]) -> tuple[ReferenceItem, ...]:
    """Return one entry for each code, one that takes postings where there is one.

    Nobody could say which of several is meant, and the accounting system decides that by itself.
    """
    found: dict[str, ReferenceItem] = {}
    for item in items:
        kept = found.get(item.code)
        if kept is None or (item.open and item.posting and not (kept.open and kept.posting)):
            found[item.code] = item
    return tuple(found.values())
