"""JSON Pointers (RFC 6901): where in an answer something stands."""

from functools import lru_cache
from typing import Any

from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg


@lru_cache(maxsize=256)
def parse(pointer: str) -> tuple[str, ...]:
    """Return the steps of a pointer such as "/error/message". Raises InvalidInput."""
    if not pointer.startswith("/"):
        raise InvalidInput(msg("“{pointer}” does not begin with a slash, as in /id.", pointer=pointer[:80]))
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def find(value: Any, pointer: str) -> Any:
    """Return what stands at `pointer` in decoded JSON, or None where nothing does."""
    for step in parse(pointer):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def text(value: Any, pointer: str) -> str:
    """Return what stands at `pointer` as text: a string or a whole number, else nothing."""
    found = find(value, pointer)
    if isinstance(found, str):
        return found
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else ""
