"""Which handler answers what, by method and path below a company."""

from collections.abc import Mapping
from types import MappingProxyType

from integration_admin.sandbox.dynamics.business_central import (
    attachments,
    dimension_sets,
    invoice_lines,
    invoice_posting,
    invoices,
    journals,
    lines,
    problems,
    reference,
)
from integration_admin.sandbox.dynamics.business_central.calls import Call, Handler, Reply
from integration_admin.sandbox.dynamics.business_central.problems import Problem

_LINE = "journals()/journalLines()"
_INVOICE = "purchaseInvoices()"
_INVOICE_LINE = f"{_INVOICE}/{invoices.LINES}()"
_ACTION = "microsoft.nav.post"
_FILE = "attachments()/attachmentContent"

_HANDLERS: Mapping[tuple[str, str], Handler] = MappingProxyType(
    {
        **reference.handlers(),
        ("GET", "journals"): journals.get_all,
        ("POST", "journals"): journals.create,
        ("GET", "journals()"): journals.get,
        ("PATCH", "journals()"): journals.change,
        ("DELETE", "journals()"): journals.remove,
        ("POST", f"journals()/{_ACTION}"): journals.post,
        ("GET", "journalLines"): lines.homeless,
        ("POST", "journalLines"): lines.homeless,
        ("GET", "journals()/journalLines"): lines.get_all,
        ("POST", "journals()/journalLines"): lines.create,
        **{
            (method, path): handler
            for path in (_LINE, "journalLines()")
            for method, handler in (("GET", lines.get), ("PATCH", lines.change), ("DELETE", lines.remove))
        },
        **dimension_sets.handlers(_LINE, dimension_sets.JOURNAL_LINE),
        **dimension_sets.handlers("journalLines()", dimension_sets.JOURNAL_LINE),
        **dimension_sets.handlers(_INVOICE, dimension_sets.INVOICE),
        **dimension_sets.handlers(_INVOICE_LINE, dimension_sets.INVOICE_LINE),
        **dimension_sets.handlers("purchaseInvoiceLines()", dimension_sets.INVOICE_LINE),
        **dimension_sets.handlers("generalLedgerEntries()", dimension_sets.ENTRY),
        **{
            (method, path): handler
            for path in (
                "attachments",
                f"{_LINE}/attachments",
                "journalLines()/attachments",
                f"{_INVOICE}/attachments",
            )
            for method, handler in (("GET", attachments.get_all), ("POST", attachments.create))
        },
        ("GET", "attachments()"): attachments.get,
        ("DELETE", "attachments()"): attachments.remove,
        ("GET", _FILE): attachments.content,
        ("PATCH", _FILE): attachments.set_content,
        ("GET", "purchaseInvoices"): invoices.get_all,
        ("POST", "purchaseInvoices"): invoices.create,
        ("GET", _INVOICE): invoices.get,
        ("PATCH", _INVOICE): invoices.change,
        ("DELETE", _INVOICE): invoices.remove,
        ("POST", f"{_INVOICE}/{_ACTION}"): invoice_posting.post,
        ("GET", f"{_INVOICE}/{invoices.LINES}"): invoice_lines.get_all,
        ("POST", f"{_INVOICE}/{invoices.LINES}"): invoice_lines.create,
        ("GET", _INVOICE_LINE): invoice_lines.get,
        ("DELETE", _INVOICE_LINE): invoice_lines.remove,
    }
)
_PATHS = frozenset(path for _, path in _HANDLERS)


def answer(method: str, path: str, call: Call) -> Reply:
    """Let the handler for a path below a company answer, all or nothing of it. Raises Problem."""
    handler = _HANDLERS.get((method, path))
    if handler is None:
        raise _no_handler(path)
    if method == "GET":
        return handler(call)
    with call.books.store.transaction():
        return handler(call)


def is_file(path: str) -> bool:
    """Tell whether what is sent to a path is a file instead of JSON."""
    return path.endswith("/attachmentContent")


def _no_handler(path: str) -> Problem:
    if path in _PATHS:
        return Problem(
            problems.METHOD_NOT_ALLOWED, f"Entity does not support this operation: {path}.", status=405
        )
    segment = path.rpartition("/")[2].removesuffix("()")
    return Problem(problems.NOT_FOUND, f"Resource not found for the segment '{segment}'.", status=404)
