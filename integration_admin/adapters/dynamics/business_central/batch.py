"""The `$batch` of Business Central: one transaction of at most 100 operations, and how its answer is read.

Traps of the answer: the outer status is 200 even when nothing was written; operations rolled back still
say 201 with an id; there may be fewer answers than operations; ids may be missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from integration_admin.adapters.dynamics.odata import encode

MOST: Final = 100
"""Operations in one batch at the most (operational limits of Business Central online)."""
HEADERS: Final = {"Content-Type": "application/json", "Isolation": "snapshot"}
"""Snapshot isolation makes it one transaction; never sent with odata.continue-on-error."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One request inside a batch, for the voucher `reference`; `path` is relative to the interface's base."""

    reference: str
    method: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self, place: int) -> dict[str, Any]:
        """Return the operation as the batch takes it; a change of what is there needs If-Match."""
        headers = {"Content-Type": "application/json"}
        if self.method != "POST":
            headers["If-Match"] = "*"
        said: dict[str, Any] = {"method": self.method, "id": str(place), "url": self.path, "headers": headers}
        return said if self.method == "DELETE" else said | {"body": self.body}


@dataclass(frozen=True, slots=True)
class Refusal:
    """The operation that made the whole batch void; `place` is None where it cannot be told which it was."""

    place: int | None
    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of a batch: refused as a whole, carried out (`bodies`, by place), or neither for sure."""

    refusal: Refusal | None = None
    bodies: tuple[Mapping[str, Any], ...] | None = None


def body_of(operations: Sequence[Operation]) -> bytes:
    """Return the JSON of a batch, amounts with all their digits."""
    requests = [operation.as_json(place) for place, operation in enumerate(operations)]
    return encode({"requests": requests}).encode()


def read(answer: Any, operations: int) -> Reply:
    """Return what an answer of status 200 says of so many operations; whatever is odd makes it unclear."""
    entries = answer.get("responses") if isinstance(answer, dict) else None
    if not isinstance(entries, list) or not all(_is_answer(entry) for entry in entries):
        return Reply()
    for entry in entries:
        if entry["status"] >= 400:
            return Reply(
                refusal=Refusal(_place(entry, entries, operations), entry["status"], entry.get("body"))
            )
    if len(entries) != operations or any(not 200 <= entry["status"] < 300 for entry in entries):
        return Reply()
    # Microsoft's own sample has null for every id: then the answers stand in the order of the operations.
    nameless = all(entry.get("id") is None for entry in entries)
    by_id = {str(place if nameless else entry.get("id")): entry for place, entry in enumerate(entries)}
    if by_id.keys() != {str(place) for place in range(operations)}:
        return Reply()
    bodies = (by_id[str(place)].get("body") for place in range(operations))
    return Reply(bodies=tuple(body if isinstance(body, dict) else {} for body in bodies))


def _is_answer(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("status"), int)


def _place(entry: Mapping[str, Any], entries: Sequence[Any], operations: int) -> int | None:
    """Return the place of the operation that was refused, by its id alone unless no answer has one.

    Without ids the answers stand in the order of the operations, which is sure only when none is missing.
    """
    name = entry.get("id")
    if name is not None:
        text = str(name)
        is_place = text.isascii() and text.isdigit() and len(text) < 4 and int(text) < operations
        return int(text) if is_place else None
    nameless = all(other.get("id") is None for other in entries)
    return entries.index(entry) if nameless and len(entries) == operations else None
