"""Why something was refused, in the far side's own words: where the settings say, else where such words often stand."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from integration_admin.adapters.generic_rest import pointer
from integration_admin.adapters.outbound import Response
from integration_admin.core.errors import AdapterError

_USUAL: Final = ("/detail", "/message", "/error_description", "/error", "/title")
"""The first two are RFC 9457's and nearly everybody's."""
_LISTS: Final = ("errors", "validationMessages", "violations", "details")
"""Where what is wrong is told one by one; the sentence beside them often says no more than that something is."""
_MOST: Final = 3


def reason(answer: Any, pointers: Mapping[str, str]) -> str:
    """Return why something was refused, as it was said and not yet fit to show; empty where it is not said."""
    chosen = pointer.text(answer, pointers["message"])
    if chosen:
        return chosen
    whole = next((words for place in _USUAL if (words := pointer.text(answer, place))), "")
    return " ".join(dict.fromkeys(words for words in (whole, *_single(answer)) if words))


def decoded(response: Response) -> Any:
    """Return the body of a refusal, or None where it cannot be read."""
    try:
        return response.json()
    except AdapterError:
        return None


def _single(answer: Any) -> list[str]:
    """Return the first of what is told one by one."""
    found = next((listed for name in _LISTS if (listed := pointer.find(answer, f"/{name}"))), None)
    return list(islice(_told(found), _MOST))


def _told(found: Any) -> Iterator[str]:
    """Yield the words of a list of errors, or of an object that has those of each field."""
    if isinstance(found, dict):
        for field, words in found.items():
            first = words[0] if isinstance(words, list) and words else words
            if isinstance(first, str):
                yield f"{field}: {first}" if field else first
    for entry in found if isinstance(found, list) else ():
        words = entry if isinstance(entry, str) else _one(entry)
        if words:
            yield words


def _one(entry: Any) -> str:
    """Return what one error of a list says, after the field it is about."""
    words = next((words for place in _USUAL if (words := pointer.text(entry, place))), "")
    field = pointer.text(entry, "/field")
    return f"{field}: {words}" if field and words else words
