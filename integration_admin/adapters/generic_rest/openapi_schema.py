"""The values a JSON schema of a description allows, each with its path; the schema's own tree is left behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from integration_admin.adapters.descriptions import DescribedField
from integration_admin.adapters.generic_rest.openapi_document import Document
from integration_admin.core.messages import Message, msg

_MOST_LEVELS: Final = 12
_MOST_FIELDS: Final = 400
_MOST_STEPS: Final = 20_000
"""Schemas looked into; a description that multiplies itself ends here."""
_MOST_CHOICES: Final = 50


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: where it stands, and what the schema says of it."""

    steps: tuple[str, ...]
    """Names of members, a star for the elements of a list."""
    schema: Mapping[str, Any]
    type: str
    required: bool
    """Whether the value and everything around it must be there."""

    def described(self) -> DescribedField:
        """Return the value as plain data."""
        return DescribedField(
            path="/" + "/".join(step.replace("~", "~0").replace("/", "~1") for step in self.steps),
            type=self.type,
            required=self.required,
            max_length=self.max_length,
            choices=self.choices,
        )

    @property
    def max_length(self) -> int | None:
        """The most characters a text may have."""
        most = self.schema.get("maxLength")
        return most if isinstance(most, int) and not isinstance(most, bool) and most > 0 else None

    @property
    def choices(self) -> tuple[str, ...]:
        """The only values there are, where they are listed."""
        if "const" in self.schema:
            return (str(self.schema["const"]),)
        listed = self.schema.get("enum")
        return tuple(map(str, listed[:_MOST_CHOICES])) if isinstance(listed, list) else ()


@dataclass(slots=True)
class Walk:
    """Goes through schemas of one description and notes what it left out."""

    document: Document
    notes: dict[str, Message] = field(default_factory=dict)
    _steps: int = 0

    def leaves(self, schema: Any) -> list[Leaf]:
        """Return the values of a schema in the order they are described. Raises InvalidInput."""
        found: list[Leaf] = []
        self._visit(schema, (), (), required=True, found=found)
        return found[:_MOST_FIELDS]

    def _visit(
        self, node: Any, steps: tuple[str, ...], around: tuple[str, ...], *, required: bool, found: list[Leaf]
    ) -> None:
        """Add the values below a schema; `around` are the references it stands in."""
        self._steps += 1
        if self._steps > _MOST_STEPS or len(found) > _MOST_FIELDS or len(steps) > _MOST_LEVELS:
            self._note("large", msg("The description is so large that only its beginning was read."))
            return
        schema, around = self._merged(node, around)
        if schema is None or schema.get("readOnly") is True:
            return
        kind = _type(schema)
        if kind == "object":
            wanted = schema.get("required")
            names = set(map(str, wanted)) if isinstance(wanted, list) else set()
            for name, inner in _properties(schema).items():
                # A star is ours: it stands for the elements of a list.
                if name != "*":
                    is_wanted = required and name in names
                    self._visit(inner, (*steps, str(name)), around, required=is_wanted, found=found)
        elif kind == "array":
            self._visit(schema.get("items"), (*steps, "*"), around, required=required, found=found)
        else:
            found.append(Leaf(steps, schema, kind, required))

    def _merged(self, node: Any, around: tuple[str, ...]) -> tuple[Mapping[str, Any] | None, tuple[str, ...]]:
        """Return a schema with its parts put together, or None for one that contains itself."""
        schema, reference = self.document.resolve(node)
        if reference in around:
            name = reference.rpartition("/")[2]
            self._note(
                f"circle {name}", msg("“{name}” contains itself. What is inside it was left out.", name=name)
            )
            return None, around
        around = (*around, reference) if reference else around
        if not isinstance(schema, dict):
            return {}, around
        parts = [*_listed(schema, "allOf"), *self._first_choice(schema)]
        if not parts:
            return schema, around
        whole = {name: value for name, value in schema.items() if name not in {"allOf", "oneOf", "anyOf"}}
        inside = around
        for part in parts:
            self._steps += 1
            if self._steps > _MOST_STEPS:
                break
            added, within = self._merged(part, around)
            whole, inside = _joined(whole, added or {}), (*inside, *within)
        return whole, inside

    def _first_choice(self, schema: Mapping[str, Any]) -> list[Any]:
        """Return the first of several forms a value may have, none where it has but one."""
        choices = [
            each
            for each in (*_listed(schema, "oneOf"), *_listed(schema, "anyOf"))
            if not (isinstance(each, dict) and each.get("type") == "null")
        ]
        if len(choices) > 1:
            self._note(
                "choice", msg("Some parts can have one of several forms. The first of them was taken.")
            )
        return choices[:1]

    def _note(self, key: str, sentence: Message) -> None:
        self.notes.setdefault(key, sentence)


def _joined(whole: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    joined = {**added, **whole}
    if "properties" in whole or "properties" in added:
        joined["properties"] = {**_properties(whole), **_properties(added)}
    if "required" in whole or "required" in added:
        joined["required"] = [*_listed(whole, "required"), *_listed(added, "required")]
    return joined


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = schema.get("properties")
    return found if isinstance(found, dict) else {}


def _listed(schema: Mapping[str, Any], name: str) -> list[Any]:
    found = schema.get(name)
    return found if isinstance(found, list) else []


def _type(schema: Mapping[str, Any]) -> str:
    """Return the type; of several (OpenAPI 3.1) the first that is not null."""
    given = schema.get("type")
    if isinstance(given, list):
        given = next((each for each in given if each != "null"), None)
    if isinstance(given, str):
        return given
    if "properties" in schema:
        return "object"
    return "array" if "items" in schema else "string"
