"""The dimensions of journal lines, purchase invoices, their lines and ledger entries, one record a dimension."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from integration_admin.sandbox.dynamics.business_central import problems
from integration_admin.sandbox.dynamics.business_central.accounts import merged
from integration_admin.sandbox.dynamics.business_central.books import (
    ENTRIES,
    INVOICE_LINES,
    INVOICES,
    LINES,
    Books,
)
from integration_admin.sandbox.dynamics.business_central.calls import (
    NO_CONTENT,
    Call,
    Handler,
    Reply,
    require_guid,
)
from integration_admin.sandbox.dynamics.business_central.enumerations import encoded
from integration_admin.sandbox.dynamics.business_central.odata import Record, etag
from integration_admin.sandbox.dynamics.business_central.problems import Problem
from integration_admin.sandbox.dynamics.business_central.values import code_of
from integration_admin.sandbox.dynamics.business_central.world import Company, Dimension, Named

NAME: Final = "dimensionSetLines"
FIELDS: Final = (
    "id", "code", "consolidationCode", "parentId", "parentType", "displayName", "valueId", "valueCode",
    "valueConsolidationCode", "valueDisplayName",
)  # fmt: skip
_TABLE: Final = "Dimension Set Entry"
_WRITABLE = frozenset({"id", "code", "valueId", "valueCode"})


@dataclass(frozen=True, slots=True)
class Parent:
    """What dimensions belong to: its table, and what Business Central calls it."""

    table: str
    name: str


JOURNAL_LINE: Final = Parent(LINES, "Journal Line")
INVOICE: Final = Parent(INVOICES, "Purchase Invoice")
INVOICE_LINE: Final = Parent(INVOICE_LINES, "Purchase Invoice Line")
ENTRY: Final = Parent(ENTRIES, "General Ledger Entry")


def handlers(path: str, parent: Parent) -> dict[tuple[str, str], Handler]:
    """Return the handlers of the dimensions under `path`, which ends in the parent's key."""
    whole = _Handlers(parent)
    routes: dict[tuple[str, str], Handler] = {
        ("GET", f"{path}/{NAME}"): whole.get_all,
        ("GET", f"{path}/{NAME}()"): whole.get,
    }
    if parent != ENTRY:
        routes |= {
            ("POST", f"{path}/{NAME}"): whole.create,
            ("PATCH", f"{path}/{NAME}()"): whole.change,
            ("DELETE", f"{path}/{NAME}()"): whole.remove,
        }
    return routes


def records(books: Books, parent: Parent, number: int, row: Any) -> list[Record]:
    """Return the dimensions of one row as answers have them."""
    company = books.world.companies[row.company]
    return [_record(books, company, parent, (number, row), pair) for pair in row.dimensions]


@dataclass(frozen=True, slots=True)
class _Handlers:
    parent: Parent

    def get_all(self, call: Call) -> Reply:
        number, row = call.numbered(self.parent.table, len(call.keys) - 1)
        return call.listed(records(call.books, self.parent, number, row), FIELDS)

    def get(self, call: Call) -> Reply:
        number, row, dimension = self._existing(call)
        return self._answer(call, number, row, dimension.code)

    def create(self, call: Call) -> Reply:
        number, row = call.numbered(self.parent.table, len(call.keys) - 1)
        dimension, value = _chosen(call.company, call.fields())
        if any(code == dimension.code for code, _ in row.dimensions):
            raise Problem(
                problems.SAME_KEY,
                "The dimension set line already exists. Identification fields and values:"
                f" Dimension Code='{dimension.code}'",
            )
        changed = self._put(call, number, row, merged(row.dimensions, ((dimension.code, value.code),)))
        return self._answer(call, number, changed, dimension.code, status=201)

    def change(self, call: Call) -> Reply:
        number, row, dimension = self._existing(call)
        call.require_match(number, row.version)
        fields = _known(call.fields())
        if (
            fields.get("id", dimension.guid) != dimension.guid
            or fields.get("code", dimension.code) != dimension.code
        ):
            raise Problem(problems.DIALOG, "The dimension of a dimension set line cannot be changed.")
        value = _value(dimension, fields)
        changed = self._put(call, number, row, merged(row.dimensions, ((dimension.code, value.code),)))
        return self._answer(call, number, changed, dimension.code)

    def remove(self, call: Call) -> Reply:
        number, row, dimension = self._existing(call)
        call.require_match(number, row.version)
        rest = tuple(pair for pair in row.dimensions if pair[0] != dimension.code)
        self._put(call, number, row, rest)
        return Reply(NO_CONTENT)

    def _existing(self, call: Call) -> tuple[int, Any, Dimension]:
        """Return the parent and the dimension a path names, which the parent must have."""
        number, row = call.numbered(self.parent.table, len(call.keys) - 2)
        key = call.keys[-1]
        require_guid(key)
        dimension = call.company.dimensions.with_guid(key)
        if dimension is None or all(code != dimension.code for code, _ in row.dimensions):
            raise problems.missing(_TABLE, key)
        return number, row, dimension

    def _put(self, call: Call, number: int, row: Any, dimensions: Any) -> Any:
        books = call.books
        changed = row._replace(dimensions=dimensions, modified=books.now(), version=books.store.stamp())
        books.store.change(self.parent.table, number, changed)
        return changed

    def _answer(self, call: Call, number: int, row: Any, code: str, status: int = 200) -> Reply:
        found = next(pair for pair in row.dimensions if pair[0] == code)
        record = _record(call.books, call.company, self.parent, (number, row), found)
        return call.single(record, FIELDS, status)


def _record(
    books: Books, company: Company, parent: Parent, numbered: tuple[int, Any], pair: tuple[str, str]
) -> Record:
    number, row = numbered
    dimension = company.dimensions.get(pair[0])
    value = dimension.values.get(pair[1]) if dimension else None
    return {
        "@odata.etag": etag(number, getattr(row, "version", 0)),
        "id": dimension.guid if dimension else "",
        "code": pair[0],
        "consolidationCode": "",
        "parentId": books.guid(parent.table, number),
        "parentType": encoded(parent.name),
        "displayName": dimension.name if dimension else "",
        "valueId": value.guid if value else "",
        "valueCode": pair[1],
        "valueConsolidationCode": "",
        "valueDisplayName": value.name if value else "",
    }


def _chosen(company: Company, fields: Mapping[str, Any]) -> tuple[Dimension, Named]:
    """Return the dimension and the value a body names. Raises Problem."""
    if not fields:
        raise Problem(problems.BAD_REQUEST, "Values must be provided in the body.")
    _known(fields)
    dimension = _dimension(company, fields)
    return dimension, _value(dimension, fields)


def _dimension(company: Company, fields: Mapping[str, Any]) -> Dimension:
    if "id" in fields:
        require_guid(str(fields["id"]))
        found = company.dimensions.with_guid(fields["id"])
    elif "code" in fields:
        found = company.dimensions.get(code_of(fields["code"], 20))
    else:
        raise Problem(problems.DIALOG, "The ID or Code field must be filled in.")
    if found is None:
        raise Problem(problems.DIALOG, "The dimension does not match to a Dimension.")
    return found


def _value(dimension: Dimension, fields: Mapping[str, Any]) -> Named:
    if "valueId" in fields:
        require_guid(str(fields["valueId"]))
        found = dimension.values.with_guid(fields["valueId"])
    elif "valueCode" in fields:
        found = dimension.values.get(code_of(fields["valueCode"], 20))
    else:
        raise Problem(problems.DIALOG, "The valueID or valueCode field must be filled in.")
    if found is None:
        raise Problem(problems.DIALOG, "The value does not match to a Dimension Value.")
    return found


def _known(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    for name in fields.keys() - _WRITABLE:
        raise problems.unknown_field(name, "dimensionSetLine", FIELDS)
    return fields
