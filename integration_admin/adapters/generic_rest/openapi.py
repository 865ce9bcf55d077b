"""Settings proposed from an OpenAPI description: which operation sends, and where everything else is.

Guesses by names and forms; an administrator decides.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from integration_admin.adapters.descriptions import MOST_BYTES, Operation, Proposal
from integration_admin.adapters.generic_rest import openapi_answers as answers
from integration_admin.adapters.generic_rest import openapi_body, openapi_sign_in, rules
from integration_admin.adapters.generic_rest.errors import as_upstream
from integration_admin.adapters.generic_rest.openapi_document import TOO_LARGE, Document, read, refused
from integration_admin.adapters.generic_rest.openapi_schema import Leaf, Walk
from integration_admin.adapters.outbound import HTTPClient
from integration_admin.core.errors import AdapterError, Fault
from integration_admin.core.messages import Message, msg

_SECONDS: Final = 20.0
_METHODS: Final = ("post", "put")
_ABOUT_VOUCHERS: Final = re.compile(
    r"voucher|journal|bilag|ledger|posting|entr(?:y|ies)|transaction|expense|reimburse|invoice", re.IGNORECASE
)
_MOST_OPERATIONS: Final = 200
_LIST_SIZE: Final = "50"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An operation with a JSON body, and what speaks for it."""

    operation: Operation
    node: Mapping[str, Any]
    schema: Any
    leaves: tuple[Leaf, ...]
    score: int


def propose(description: bytes, *, address: str = "", operation: str = "") -> Proposal:
    """Return the settings a description suggests (see ReadsDescriptions). Raises InvalidInput."""
    document = read(description)
    walk = Walk(document)
    candidates = sorted(_candidates(document, walk), key=lambda each: -each.score)
    if not candidates:
        raise refused(msg("The description has no operation that takes JSON with POST or PUT."))
    chosen = next((each for each in candidates if each.operation.name == operation), None)
    if chosen is None and operation:
        raise refused(msg("The description has no operation {name}.", name=operation[:120]))
    chosen = chosen or candidates[0]
    settings, notes = _settings(document, chosen, address)
    return Proposal(
        title=str(document.mapping(document.root.get("info")).get("title", ""))[:200],
        operation=chosen.operation,
        operations=tuple(each.operation for each in candidates),
        settings=settings,
        fields=tuple(leaf.described() for leaf in chosen.leaves),
        notes=(*notes, *walk.notes.values()),
    )


async def fetch(http: HTTPClient, url: str) -> bytes:
    """Read a description from an address, which may be called as any other may. Raises AdapterError."""
    wanted = {"Accept": "application/json, application/yaml, text/yaml;q=0.9, */*;q=0.1"}
    try:
        response = await http.request("GET", url, headers=wanted, deadline=_SECONDS, max_bytes=MOST_BYTES)
    except AdapterError as error:
        if error.code != "too_large":
            raise as_upstream(error) from None
        raise AdapterError(TOO_LARGE, Fault.CONFIG, code="too_large", internal=error.internal) from None
    if response.status == HTTPStatus.OK:
        return response.body
    raise AdapterError(
        msg(
            "The description could not be read from that address ({status}). Download it with your browser and"
            " paste it instead.",
            status=response.status,
        ),
        Fault.CONFIG,
        code=f"http_{response.status}",
    )


def _candidates(document: Document, walk: Walk) -> Iterator[_Candidate]:
    """Yield the operations something could be sent by, as many as are looked at."""
    found = 0
    for path, item in document.mapping(document.root.get("paths")).items():
        for method in _METHODS:
            node = document.mapping(document.mapping(item).get(method))
            schema = answers.json_schema(document, document.mapping(node.get("requestBody")))
            if schema is None or not str(path).startswith("/"):
                continue
            found += 1
            if found > _MOST_OPERATIONS:
                return
            words = f"{path} {node.get('operationId', '')} {node.get('summary', '')}"
            leaves = tuple(walk.leaves(schema))
            said = Operation(method.upper(), str(path), str(node.get("summary", ""))[:200])
            yield _Candidate(said, node, schema, leaves, _score(words, method, leaves))


def _score(words: str, method: str, leaves: tuple[Leaf, ...]) -> int:
    """Count what speaks for an operation: vouchers in its name, amounts and accounts in a list."""
    in_lists = {openapi_body.guess(leaf, is_in_lines=True) for leaf in leaves if "*" in leaf.steps}
    return (
        3 * bool(_ABOUT_VOUCHERS.search(words))
        + 3 * (not in_lists.isdisjoint({"amount", openapi_body.WITHOUT_VAT}))
        + 2 * ("account" in in_lists)
        + (method == "post")
    )


def _settings(document: Document, chosen: _Candidate, address: str) -> tuple[dict[str, str], list[Message]]:
    """Return what is put into the form, and what has to be said about it."""
    base, notes = openapi_sign_in.base_url(document, address)
    signing, about_signing = openapi_sign_in.sign_in(document, chosen.node, base or address)
    body = openapi_body.proposed([_in_element(leaf) for leaf in chosen.leaves])
    settings = {
        "base_url": base,
        **signing,
        "send_path": chosen.operation.path,
        "send_method": chosen.operation.method,
        "details": "own",
        "body": body.template,
        rules.SETTING: body.rules,
        **_one_or_many(chosen),
        **answers.of_sending(document, chosen.node),
        **answers.of_test(document),
        **answers.of_lookup(document),
        **answers.of_accounts(document),
    }
    notes = [*notes, *about_signing, *body.notes]
    if "{" in chosen.operation.path:
        notes.append(
            msg("Write in “{path}” what stands for each name in brackets.", path=chosen.operation.path)
        )
    if settings.get("lookup") == "none":
        notes.append(
            msg("No way to look vouchers up by our reference was found. After a lost answer you decide.")
        )
    return {name: value for name, value in settings.items() if value}, notes


def _one_or_many(chosen: _Candidate) -> dict[str, str]:
    is_list = bool(chosen.leaves) and all(leaf.steps[:1] == ("*",) for leaf in chosen.leaves)
    return {"batch": _LIST_SIZE if is_list else "1"}


def _in_element(leaf: Leaf) -> Leaf:
    """Return a value as it stands in one voucher, where the body is a list of them."""
    if leaf.steps[:1] != ("*",):
        return leaf
    return Leaf(leaf.steps[1:], leaf.schema, leaf.type, leaf.required)
