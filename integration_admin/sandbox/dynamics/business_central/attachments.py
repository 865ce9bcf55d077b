"""Files on journal lines and purchase invoices, in two steps: the record first, then its content."""

import base64
from typing import Final

from integration_admin.sandbox.dynamics.business_central import problems
from integration_admin.sandbox.dynamics.business_central.books import ATTACHMENTS, INVOICES, LINES
from integration_admin.sandbox.dynamics.business_central.calls import NO_CONTENT, Call, Reply, require_guid
from integration_admin.sandbox.dynamics.business_central.enumerations import PARENT_TYPES, encoded
from integration_admin.sandbox.dynamics.business_central.identifiers import Kind, number_of
from integration_admin.sandbox.dynamics.business_central.odata import Record, etag
from integration_admin.sandbox.dynamics.business_central.problems import Problem
from integration_admin.sandbox.dynamics.business_central.rows import Attachment
from integration_admin.sandbox.dynamics.business_central.values import choice_of, text_of

FIELDS: Final = ("id", "parentId", "fileName", "byteSize", "parentType", "lastModifiedDateTime")
_WRITABLE = frozenset({"parentId", "fileName", "parentType"})
_PARENTS: Final = {"Journal": (LINES, Kind.LINE), "Purchase Invoice": (INVOICES, Kind.INVOICE)}


def get_all(call: Call) -> Reply:
    """Return the company's attachments, or those of the parent a path or a filter names."""
    table = call.books.store.table(ATTACHMENTS)
    parents = frozenset(call.keys[-1:]) or call.query.pinned("parentId")
    if parents is None:
        numbers = list(table.numbers("company", call.company.number))
    else:
        numbers = [found for parent in parents for found in table.numbers("parent", parent.lower())]
    return call.listed([_record(call, found, table.rows[found]) for found in numbers], FIELDS)


def get(call: Call) -> Reply:
    """Return one attachment's record. Raises Problem."""
    return call.single(_record(call, *_attachment(call)), FIELDS)


def create(call: Call) -> Reply:
    """Make an attachment without content. Raises Problem."""
    fields = call.fields()
    for name in fields.keys() - _WRITABLE:
        raise problems.unknown_field(name, "attachment", FIELDS)
    under_line = call.url.endswith("/attachments") and "journalLines(" in call.url
    usual = "Journal" if under_line else "Purchase Invoice" if "purchaseInvoices(" in call.url else " "
    parent_type = choice_of(fields.get("parentType", usual), PARENT_TYPES)
    parent = str(fields.get("parentId", call.keys[-1] if call.keys else "")).lower()
    _require_parent(call, parent_type, parent)
    name = text_of(fields.get("fileName"), 250)
    if not name:
        raise Problem(problems.FIELD_VALIDATION, "File Name must have a value in Attachment Entity Buffer.")
    books = call.books
    row = Attachment(call.company.number, parent_type, parent, name, "", 0, books.now(), books.store.stamp())
    return call.single(_record(call, books.store.add(ATTACHMENTS, row), row), FIELDS, 201)


def content(call: Call) -> Reply:
    """Return the file. Raises Problem."""
    _, row = _attachment(call)
    return Reply(200, base64.b64decode(row.content))


def set_content(call: Call) -> Reply:
    """Set the file. Raises Problem."""
    found, row = _attachment(call)
    call.require_match(found, row.version)
    if not isinstance(call.body, bytes):
        raise Problem(problems.BAD_REQUEST, "The content of an attachment is sent as it is, not as JSON.")
    books = call.books
    row = row._replace(
        content=base64.b64encode(call.body).decode(),
        size=len(call.body),
        modified=books.now(),
        version=books.store.stamp(),
    )
    books.store.change(ATTACHMENTS, found, row)
    return Reply(NO_CONTENT)


def remove(call: Call) -> Reply:
    """Delete an attachment. Raises Problem."""
    found, row = _attachment(call)
    call.require_match(found, row.version)
    call.books.store.change(ATTACHMENTS, found, None)
    return Reply(NO_CONTENT)


def _attachment(call: Call) -> tuple[int, Attachment]:
    found, row = call.numbered(ATTACHMENTS, len(call.keys) - 1)
    return found, row


def _require_parent(call: Call, parent_type: str, parent: str) -> None:
    """Raise Problem unless the parent is there and of the type that was given."""
    require_guid(parent)
    table, kind = _PARENTS.get(parent_type, ("", Kind.SETUP))
    row = call.books.row(table, number_of(kind, parent)) if table else None
    if row is None or row.company != call.company.number:
        raise Problem(problems.DIALOG, "The parent of the attachment does not exist.")


def _record(call: Call, found: int, row: Attachment) -> Record:
    identity = call.books.guid(ATTACHMENTS, found)
    base = call.url.partition("/companies(")[0]
    address = f"{base}/companies({call.company.guid})/attachments({identity})/attachmentContent"
    return {
        "@odata.etag": etag(found, row.version),
        "id": identity,
        "parentId": row.parent,
        "fileName": row.file_name,
        "byteSize": row.size,
        "attachmentContent@odata.mediaEditLink": address,
        "attachmentContent@odata.mediaReadLink": address,
        "parentType": encoded(row.parent_type),
        "lastModifiedDateTime": row.modified,
    }
