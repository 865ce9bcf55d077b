"""Where things are in the answers a description promises: ids, reasons, accounts, vouchers, the next page."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from integration_admin.adapters.generic_rest.openapi_body import REFERENCE
from integration_admin.adapters.generic_rest.openapi_document import Document
from integration_admin.adapters.generic_rest.openapi_schema import Leaf, Walk

_ID: Final = re.compile(r"id|(voucher|journal|entry|transaction)(id|number|no)")
_NAME: Final = re.compile(r"name|(company|organisation|organization|tenant|client)name")
_CODE: Final = re.compile(r"(account)?(code|number|no)")
_REASON: Final = re.compile(r"message|detail|description|text|errormessage|errordescription|reason|title")
_PLACE: Final = re.compile(r"field|path|pointer|property|at|target|parameter")
_NEXT: Final = re.compile(r"next(page|link|cursor|token|pagetoken|url)?|cursor|continuationtoken")
_CURSOR: Final = re.compile(r"cursor|after|pagetoken|continuationtoken|startingafter")
_PAGE: Final = re.compile(r"page(number|no)?")
_LIMIT: Final = re.compile(r"limit|pagesize|perpage|size|top|count")
_TEST_PATHS: Final = re.compile(
    r"/(me|whoami|company|companies|organisation|organization|tenant|status|ping|health)s?$"
)
_MOST_PER_PAGE: Final = 500


def json_schema(document: Document, holder: Mapping[str, Any]) -> Any | None:
    """Return the schema of the JSON in a request or an answer, or None where there is none."""
    for kind, media in document.mapping(holder.get("content")).items():
        if re.fullmatch(r"application/([a-z.+-]*\+)?json(;.*)?", str(kind).lower()):
            return document.mapping(media).get("schema", {})
    return None


def of_sending(document: Document, operation: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings for what comes back after sending."""
    answers = {str(code): node for code, node in document.mapping(operation.get("responses")).items()}
    good = sorted(code for code in answers if re.fullmatch("2[0-9][0-9]", code))
    found = {"success_codes": ", ".join(good)} if good else {}
    for code in good:
        found |= _pointers(_leaves(document, answers[code]), id_pointer=_ID, reference_pointer=REFERENCE)
    bad = next((answers[code] for code in ("422", "400", "4XX", "default") if code in answers), None)
    found |= _pointers(_leaves(document, bad), message_pointer=_REASON, field_pointer=_PLACE)
    for parameter in document.items(operation.get("parameters")):
        if isinstance(parameter, dict) and "idempot" in _plain(str(parameter.get("name", ""))):
            found["idempotency_header"] = str(parameter["name"])
    return found


def of_test(document: Document) -> dict[str, str]:
    """Return the settings for something harmless to read; what tells who is asking is best."""
    known = [
        (path, node)
        for path, node in _readable(document)
        if _TEST_PATHS.search(path.lower()) and node.get("security") != []
    ]
    path, node = next(iter(known), ("", {}))
    if not path:
        return {}
    return {"test_path": path} | _pointers(_leaves(document, _success(document, node)), entity_pointer=_NAME)


def of_lookup(document: Document) -> dict[str, str]:
    """Return the settings for finding vouchers by our reference, or that they cannot be found."""
    for path, node in _readable(document, but_for=REFERENCE):
        for parameter in document.items(node.get("parameters")):
            given = parameter if isinstance(parameter, dict) else {}
            name = str(given.get("name", ""))
            if given.get("in") != "query" or not REFERENCE.fullmatch(_plain(name)):
                continue
            is_list = document.mapping(given.get("schema")).get("type") == "array"
            several = is_list and given.get("explode") is False
            leaves = _leaves(document, _success(document, node))
            found = {
                "lookup": "path",
                "lookup_path": f"{path}?{name}={'{references}' if several else '{reference}'}",
            }
            return found | _of_list(leaves, "lookup_pointer", reference_pointer=REFERENCE, id_pointer=_ID)
    return {"lookup": "none"}


def of_accounts(document: Document) -> dict[str, str]:
    """Return the settings for the list of accounts, with its pages."""
    for path, node in _readable(document):
        if not path.lower().rstrip("/").endswith(("accounts", "account", "chart-of-accounts")):
            continue
        leaves = _leaves(document, _success(document, node))
        found = _of_list(leaves, "accounts_pointer", code_pointer=_CODE, name_pointer=_NAME)
        if "code_pointer" not in found:
            continue
        mark = _pointers(leaves, cursor_pointer=_NEXT)
        return {"accounts_path": path + _pages(document, node, has_mark=bool(mark)), **found, **mark}
    return {}


def _pages(document: Document, node: Mapping[str, Any], *, has_mark: bool) -> str:
    """Return the query that asks for a page."""
    asked: list[str] = []
    for parameter in document.items(node.get("parameters")):
        name = str(parameter.get("name", "")) if isinstance(parameter, dict) else ""
        if not name or parameter.get("in") != "query":
            continue
        if _LIMIT.fullmatch(_plain(name)):
            most = document.mapping(parameter.get("schema")).get("maximum")
            size = min(most, _MOST_PER_PAGE) if isinstance(most, int) and most > 0 else 100
            asked.append(f"{name}={size}")
        elif has_mark and _CURSOR.fullmatch(_plain(name)):
            asked.append(f"{name}={{cursor}}")
        elif not has_mark and _PAGE.fullmatch(_plain(name)):
            asked.append(f"{name}={{page}}")
    return "?" + "&".join(asked) if asked else ""


def _readable(
    document: Document, *, but_for: re.Pattern[str] | None = None
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield paths that can be read without knowing anything, parameters named like `but_for` aside."""
    for path, item in document.mapping(document.root.get("paths")).items():
        node = document.mapping(document.mapping(item).get("get"))
        wanted = [
            _plain(str(parameter.get("name", "")))
            for parameter in document.items(node.get("parameters"))
            if isinstance(parameter, dict) and parameter.get("required") is True
        ]
        is_free = all(but_for is not None and but_for.fullmatch(name) for name in wanted)
        if node and is_free and str(path).startswith("/") and "{" not in str(path):
            yield str(path), node


def _success(document: Document, node: Mapping[str, Any]) -> Any:
    answers = {str(code): answer for code, answer in document.mapping(node.get("responses")).items()}
    return next((answers[code] for code in ("200", "2XX", "default") if code in answers), None)


def _leaves(document: Document, answer: Any) -> list[Leaf]:
    schema = json_schema(document, document.mapping(answer))
    return [] if schema is None else Walk(document).leaves(schema)


def _of_list(leaves: list[Leaf], list_setting: str, **wanted: re.Pattern[str]) -> dict[str, str]:
    """Return where a list is in an answer, and where values are in each of its elements."""
    listed = [leaf for leaf in leaves if leaf.steps.count("*") == 1]
    found: dict[str, str] = {}
    for leaf in listed:
        star = leaf.steps.index("*")
        inner = Leaf(leaf.steps[star + 1 :], leaf.schema, leaf.type, leaf.required)
        if star and list_setting not in found:
            found[list_setting] = _pointer(leaf.steps[:star])
        for setting, where in _pointers([inner], **wanted).items():
            found.setdefault(setting, where)
    return found


def _pointers(leaves: list[Leaf], **wanted: re.Pattern[str]) -> dict[str, str]:
    """Return setting -> JSON Pointer for the first value with a name that fits; of a list, its first element."""
    found: dict[str, str] = {}
    for leaf in leaves:
        for setting, pattern in wanted.items():
            if leaf.steps and pattern.fullmatch(_plain(leaf.steps[-1])):
                found.setdefault(setting, _pointer(leaf.steps))
    return found


def _pointer(steps: tuple[str, ...]) -> str:
    named = ("0" if step == "*" else step.replace("~", "~0").replace("/", "~1") for step in steps)
    return "/" + "/".join(named)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
