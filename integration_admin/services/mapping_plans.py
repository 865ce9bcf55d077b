"""How target fields get their values from a record, and what is wrong where one cannot be filled.

Which fields a voucher is made of is decided in mapping_resolver.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from integration_admin.adapters.base import TargetField
from integration_admin.core.mapping import CATEGORY_PREFIX, FieldMapping
from integration_admin.core.messages import Message, msg
from integration_admin.core.records import ClaimLine
from integration_admin.services.mapping_readers import (
    PLACEHOLDER,
    Exportable,
    Getter,
    QuickReader,
    Reader,
    quick_reader,
    reader,
)
from integration_admin.services.mapping_words import category_label, origin_label

CATEGORY = "line.category"
ACCOUNTS = "accounts"

WITHHELD = msg(
    "“{field}” cannot be empty, and “{source}”, which it is read from, is excluded from what is sent."
)
"""Why a record is refused from which something was left out that it cannot do without."""
_PERSONAL = frozenset({"claimant.name", "claimant.email", "claimant.bank_account"})
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that keeps a record from being exported.

    `field` is the target field, empty when the whole record is meant; `line` is the claim's own line number.
    """

    field: str
    line: int | None
    message: Message


@dataclass(frozen=True, slots=True)
class Plan:
    """How one target field gets its value.

    `withheld` names an excluded source it would have read, `absent` one that this kind of record does not have.
    """

    name: str
    target: TargetField
    read: Reader
    quick: QuickReader
    source: str
    values: dict[str, str]
    tidy: bool
    cut: bool
    withheld: str
    absent: str
    reads: frozenset[str]
    """Every field of a record it is able to read."""


def make_plan(
    target: TargetField, field: FieldMapping, sources: Mapping[str, Getter], excluded: frozenset[str]
) -> Plan:
    """Plan how `target` is filled from a kind of record that has `sources`; `excluded` ones read as empty."""
    cut = is_free_text(target)
    used = used_sources(field)
    withheld = [source for source in used if is_excluded(source, excluded)]
    absent = [source for source in used if source not in sources]
    readable = {source: sources[source] for source in used if source not in (*withheld, *absent)}
    tidy = cut or field.compose is not None
    quick = quick_reader(field, readable, tidy=tidy, limit=target.max_length, required=target.required)
    return Plan(
        name=target.name,
        target=target,
        read=reader(field, readable),
        quick=quick,
        source=field.source or "",
        values=field.values if field.source else {},
        tidy=tidy,
        cut=cut,
        withheld=withheld[0] if withheld else "",
        absent=absent[0] if absent else "",
        reads=frozenset(readable),
    )


def fill(
    plans: Sequence[Plan], record: Exportable, line: ClaimLine | None, problems: list[Problem]
) -> dict[str, str]:
    """Return the target fields `plans` make of a record; what cannot be filled is added to `problems`."""
    fields: dict[str, str] = {}
    for plan in plans:
        value = plan.quick(record, line)
        if value is None:
            value, fault = _look_closer(plan, record, line)
            if fault:
                problems.append(Problem(plan.name, None if line is None else line.line, fault))
                continue
        if value:
            fields[plan.name] = value
    return fields


def used_sources(field: FieldMapping) -> tuple[str, ...]:
    """Return the names of all fields of a record `field` reads, known or not."""
    if field.compose is not None:
        return tuple(PLACEHOLDER.findall(field.compose))
    return () if field.source is None else (field.source,)


def is_excluded(source: str, excluded: frozenset[str]) -> bool:
    """Tell whether a source, or what it is a part of, is excluded."""
    parts = source.split(".")
    return any(".".join(parts[:count]) in excluded for count in range(1, len(parts) + 1))


def excluded_categories(excluded: frozenset[str]) -> frozenset[str]:
    """Return the keys of the expense categories that are left out."""
    return frozenset(
        name.removeprefix(CATEGORY_PREFIX) for name in excluded if name.startswith(CATEGORY_PREFIX)
    )


def is_free_text(target: TargetField) -> bool:
    """Tell whether a value may be shortened: a sentence for people may, a code may not."""
    return target.reference is None and (
        target.name in {"text", "description"} or target.name.endswith("_text")
    )


def no_entry(target: TargetField, source: str, value: str) -> Message:
    """Say that a value map has no entry for `value`; what identifies a person is not repeated."""
    if source == CATEGORY and target.reference == ACCOUNTS:
        return msg("Category “{value}” has no account yet.", value=category_label(value))
    if source in _PERSONAL:
        return msg("The claimant has no entry in the value map of “{field}” yet.", field=target.label)
    return msg(
        "“{value}” has no entry in the value map of “{field}” yet.", value=value[:_SHOWN], field=target.label
    )


def _look_closer(plan: Plan, record: Exportable, line: ClaimLine | None) -> tuple[str, Message | None]:
    """Return the value, shortened where it may be, or why it cannot be sent."""
    value = plan.read(record, line)
    if plan.tidy and not plan.values:
        value = " ".join(value.split())
    fault = None
    if value and plan.values:
        fault = None if value in plan.values else no_entry(plan.target, plan.source, value)
        value = plan.values.get(value, "")
    if len(value) > plan.target.max_length:
        value, fault = _shorten(plan, value)
    if not value and plan.target.required:
        fault = fault or _missing(plan)
    return value, fault


def _shorten(plan: Plan, value: str) -> tuple[str, Message | None]:
    """Return the value cut to what the target holds, or say that it cannot be cut."""
    limit = plan.target.max_length
    if plan.cut:
        return value[: limit - 1].rstrip() + "…", None
    return value, msg(
        "The value for “{field}” is longer than the {count} characters it may have.",
        field=plan.target.label,
        count=limit,
    )


def _missing(plan: Plan) -> Message:
    if plan.withheld:
        values = {"field": plan.target.label, "source": origin_label(plan.withheld)}
        return Message(WITHHELD.template, values)
    if plan.absent:
        return msg(
            "“{field}” cannot be empty, and it is read from “{source}”, which this kind of record does not have.",
            field=plan.target.label,
            source=origin_label(plan.absent),
        )
    if plan.source:
        return msg(
            "“{field}” cannot be empty, and “{source}” has no value here.",
            field=plan.target.label,
            source=origin_label(plan.source),
        )
    return msg("“{field}” cannot be empty.", field=plan.target.label)
