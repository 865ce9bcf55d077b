"""What a run left out and which fields it could read: kept with the run as it begins, compared when somebody looks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integration_admin.services.mapping_plans import is_excluded
from integration_admin.services.mapping_resolver import CompiledMapping

_PARTS: Final = "parts"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The names of what a run left out, and how many excluded fields it could read and so may have sent."""

    names: tuple[str, ...]
    sent: int


def scope_with(
    scope: Mapping[str, Any] | None, mapping: CompiledMapping, excluded: frozenset[str]
) -> dict[str, Any]:
    """Return what is kept with a run; each time it is taken up again is a part of its own."""
    part = {"excluded": sorted(excluded), "read": sorted(mapping.sources_read())}
    return {_PARTS: [*(scope or {}).get(_PARTS, ()), part]}


def left_out_of(scope: Mapping[str, Any] | None) -> LeftOut | None:
    """Compare what a run was to leave out with what it could read; None for a run that left out nothing."""
    parts = (scope or {}).get(_PARTS, ())
    if not parts:
        return None
    names = {name for part in parts for name in part["excluded"]}
    sent = {
        source
        for part in parts
        for source in part["read"]
        if is_excluded(source, frozenset(part["excluded"]))
    }
    return LeftOut(tuple(sorted(names)), len(sent))
