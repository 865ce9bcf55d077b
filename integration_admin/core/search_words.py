"""What a record is found by: its id, the number its id ends in and its claimant's name, all folded alike.

Queries live in data/repositories/search.py, what somebody means by their words in services/record_search.py.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from integration_admin.core.typed_text import seen

LONGEST_ID = 64
LONGEST_NAME = 200
LONGEST_NUMBER = 20
_NUMBER_AT_THE_END = re.compile(rf"[0-9]{{1,{LONGEST_NUMBER}}}\Z")


class SearchWords(NamedTuple):
    """The words one record is found by; empty where it has none. `claimant_turned` begins with the last name."""

    folded_id: str
    id_number: str
    claimant: str
    claimant_turned: str


def folded(text: str) -> str:
    """Return text as it is compared: without regard to case, composition, runs of spaces and signs nobody sees."""
    return seen(text).casefold()


def folded_id(record_id: str) -> str:
    """Return what a record is found by that has this id."""
    return folded(record_id)[:LONGEST_ID]


def search_words(record_id: str, payload: Mapping[str, Any]) -> SearchWords:
    """Return what a record with this id and record JSON is found by."""
    name = folded(str((payload.get("claimant") or {}).get("name", "")))[:LONGEST_NAME]
    first, _, last = name.rpartition(" ")
    found = _NUMBER_AT_THE_END.search(record_id)
    return SearchWords(
        folded_id=folded_id(record_id),
        id_number=found.group().lstrip("0") if found else "",
        claimant=name,
        claimant_turned=f"{last} {first}".strip(),
    )
