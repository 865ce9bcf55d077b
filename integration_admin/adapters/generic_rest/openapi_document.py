"""An OpenAPI 3.0 or 3.1 description as it was given: read from JSON or YAML, its references followed.

Nothing is fetched: what is in another file is refused.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

import yaml

from integration_admin.adapters.descriptions import MOST_BYTES
from integration_admin.adapters.generic_rest import openapi_yaml
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg

TOO_LARGE: Final = msg(
    "The description is larger than 5 MB. Ask for one of only the part that takes vouchers."
)
_LONGEST_CHAIN: Final = 50


class Document:
    """A description whose version fits; every question is answered with references followed."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root

    def resolve(self, node: Any) -> tuple[Any, str]:
        """Return what a node stands for and the last reference to it, empty where it is no reference.

        Raises InvalidInput for a reference into another file, to nothing, or back to itself.
        """
        last = ""
        for _ in range(_LONGEST_CHAIN):
            if not isinstance(node, dict) or not isinstance(node.get("$ref"), str):
                return node, last
            last = node["$ref"]
            node = self._at(last)
        raise refused(msg("In the description, {reference} leads back to itself.", reference=last[:120]))

    def mapping(self, node: Any) -> Mapping[str, Any]:
        """Return what a node stands for, or nothing where it is not an object. Raises InvalidInput."""
        found, _ = self.resolve(node)
        return found if isinstance(found, dict) else {}

    def items(self, node: Any) -> Iterator[Any]:
        """Yield what the elements of a list stand for. Raises InvalidInput."""
        for element in node if isinstance(node, list) else ():
            yield self.resolve(element)[0]

    def _at(self, reference: str) -> Any:
        if not reference.startswith("#"):
            raise refused(
                msg(
                    "The description refers to another file ({reference}). Ask for one that has everything in it.",
                    reference=reference[:120],
                )
            )
        node: Any = self.root
        for step in unquote(reference[1:]).split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            node = node.get(name) if isinstance(node, dict) else None
        if node is None:
            raise refused(
                msg("The description refers to {reference}, which is not in it.", reference=reference[:120])
            )
        return node


def read(description: bytes) -> Document:
    """Read a description. Raises InvalidInput with a sentence for what is wrong with it."""
    if len(description) > MOST_BYTES:
        raise refused(TOO_LARGE)
    root = _parsed(description)
    version = str(root.get("openapi", "")) if isinstance(root, dict) else ""
    if isinstance(root, dict) and "swagger" in root:
        raise refused(msg("This is Swagger 2. Ask for the description as OpenAPI 3, or convert it first."))
    if not version.startswith(("3.0", "3.1")):
        raise refused(msg("This is not an OpenAPI description of version 3.0 or 3.1."))
    return Document(root)


def _parsed(description: bytes) -> Any:
    """Return the description decoded; what looks like JSON is read as such, anything else as YAML."""
    try:
        text = description.decode("utf-8-sig")
        if text.lstrip().startswith("{"):
            return json.loads(text)
        return openapi_yaml.parse(text)
    except (ValueError, RecursionError, yaml.YAMLError):
        pass
    raise refused(
        msg("The description can be read neither as JSON nor as YAML. Copy the whole file, and nothing else.")
    )


def refused(sentence: Message) -> InvalidInput:
    """Return the error for a description that cannot be used."""
    return InvalidInput(sentence, fields={"description": sentence})
