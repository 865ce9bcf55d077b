"""The mapping editor's form as flat names and values, and back: what a browser can send becomes a mapping.

Names: `map:TARGET:VALUE` is a row of a value map, `from:TARGET` says where a value comes from
(a source's name, `constant` or `compose`) and `value:TARGET` holds the constant or the text.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from integration_admin.adapters.base import Level, TargetField
from integration_admin.core.errors import InvalidInput
from integration_admin.core.mapping import SOURCES, VOUCHER_SOURCES, FieldMapping
from integration_admin.core.mapping import Mapping as FieldMappings
from integration_admin.core.messages import Message, msg
from integration_admin.core.typed_text import without_ends
from integration_admin.services.mapping_plans import ACCOUNTS, CATEGORY
from integration_admin.services.mapping_reimbursements import CREDIT_ACCOUNT, PAYMENT_ACCOUNT

CONSTANT = "constant"
COMPOSE = "compose"

_USUAL = frozenset({"project", "cost_centre", CREDIT_ACCOUNT, PAYMENT_ACCOUNT})
_DIMENSION = "dimension_"
"""What the names of dimensions begin with that somebody has entered in the settings, to fill them here."""


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One target field as the form shows it; `origin` is a source, `constant`, `compose` or empty."""

    target: TargetField
    origin: str
    value: str
    origins: tuple[str, ...]
    usual: bool
    """Whether most organisations fill this field, or this one does already."""


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """One category and the account it goes to; `suggested` says nobody has chosen it yet."""

    target: str
    category: str
    code: str
    suggested: bool


def is_category_map(target: TargetField) -> bool:
    """Tell whether a target is filled by a table from category to account."""
    return target.level is Level.LINE and target.required and target.reference == ACCOUNTS


def wants_suggestions(targets: Sequence[TargetField], mapping: FieldMappings) -> bool:
    """Tell whether any table of categories is still unsaved: only there are accounts suggested."""
    return any(is_category_map(target) and target.name not in mapping for target in targets)


def category_rows(
    targets: Sequence[TargetField],
    mapping: FieldMappings,
    categories: Sequence[str],
    suggestions: Mapping[str, str],
) -> list[CategoryRow]:
    """Return a row for each category in use or mapped before, by name."""
    rows = []
    for target in filter(is_category_map, targets):
        field = mapping.get(target.name)
        chosen = field.values if field else {}
        for category in sorted({*categories, *chosen}):
            code = chosen.get(category, "")
            suggestion = "" if field else suggestions.get(category, "")
            rows.append(CategoryRow(target.name, category, code or suggestion, bool(suggestion and not code)))
    return rows


def target_rows(
    targets: Sequence[TargetField], mapping: FieldMappings, reference_counts: Mapping[str, int]
) -> list[TargetRow]:
    """Return a row for each target field that is not a table of categories.

    One that may be empty and whose codes come from a list this accounting system does not have is left out.
    """
    return [
        _target_row(target, mapping.get(target.name))
        for target in targets
        if not is_category_map(target)
        and (
            target.required
            or target.reference is None
            or reference_counts.get(target.reference, 0)
            or target.name in mapping
        )
    ]


def mapping_of(form: Mapping[str, str], targets: Sequence[TargetField]) -> FieldMappings:
    """Read a submitted form. Raises InvalidInput with a sentence a field."""
    mapping: FieldMappings = {}
    wrong: dict[str, Message] = {}
    for target in targets:
        try:
            field = _category_field(form, target) if is_category_map(target) else _field(form, target)
        except ValidationError:
            wrong[_field_id(form, target)] = msg("This is too long, or not a field of a claim.")
            continue
        if field is not None:
            mapping[target.name] = field
    if wrong:
        raise InvalidInput(msg("Some fields need another look."), fields=wrong)
    return mapping


def _target_row(target: TargetField, field: FieldMapping | None) -> TargetRow:
    origins = VOUCHER_SOURCES if target.level is Level.VOUCHER else SOURCES
    origin, value = _proposed(target) if field is None else _present(field)
    usual = bool(origin) or target.name in _USUAL or target.name.startswith(_DIMENSION)
    return TargetRow(target, origin, value, origins, usual=usual)


def _present(field: FieldMapping) -> tuple[str, str]:
    if field.constant is not None:
        return CONSTANT, field.constant
    if field.compose is not None:
        return COMPOSE, field.compose
    return field.source or "", ""


def _proposed(target: TargetField) -> tuple[str, str]:
    """Return what an unmapped field starts as: the usual choice where there is one."""
    if target.name == "text":
        return COMPOSE, "{id} {line.description}"
    if target.name == "invoice_number":
        return "id", ""
    return (CONSTANT, "") if target.required else ("", "")


def _category_field(form: Mapping[str, str], target: TargetField) -> FieldMapping | None:
    values = dict(_map_rows(form, target.name))
    return FieldMapping(source=CATEGORY, values=values) if values else None


def _map_rows(form: Mapping[str, str], target: str) -> Iterator[tuple[str, str]]:
    prefix = f"map:{target}:"
    for name, value in form.items():
        if name.startswith(prefix) and (code := without_ends(value)):
            yield name.removeprefix(prefix), code


def _field_id(form: Mapping[str, str], target: TargetField) -> str:
    """Return the id of the field at fault: of a target with a row for each category, the row with the longest code."""
    rows = [(len(code), f"map:{target.name}:{category}") for category, code in _map_rows(form, target.name)]
    return max(rows)[1] if is_category_map(target) and rows else f"value:{target.name}"


def _field(form: Mapping[str, str], target: TargetField) -> FieldMapping | None:
    origin = form.get(f"from:{target.name}", "")
    value = without_ends(form.get(f"value:{target.name}", ""))
    match origin:
        case "":
            return None
        case "constant":
            return FieldMapping(constant=value) if value else None
        case "compose":
            return FieldMapping(compose=value) if value else None
        case _:
            return FieldMapping(source=origin)
