"""A list that can only be read: its fields, and how its records are made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from integration_admin.sandbox.dynamics.business_central import problems
from integration_admin.sandbox.dynamics.business_central.calls import Call, Reply, require_guid
from integration_admin.sandbox.dynamics.business_central.odata import Record

_RECORD: Final = "record"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of a company: its fields, and how its records are made."""

    fields: tuple[str, ...]
    records: Callable[[Call], list[Record]]

    def get_all(self, call: Call) -> Reply:
        """Return one page. Raises Problem."""
        return call.listed(self.records(call), self.fields)

    def get(self, call: Call) -> Reply:
        """Return the record a path names. Raises Problem."""
        key = call.keys[-1]
        require_guid(key)
        for record in self.records(call):
            if record["id"] == key.lower():
                return call.single(record, self.fields)
        raise problems.missing(_RECORD, key)
