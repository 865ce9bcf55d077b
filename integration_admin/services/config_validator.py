"""Judging a field mapping before it is saved: what would fail, and what is probably not meant.

Applying a mapping lives in mapping_resolver.py; reading the reference lists in the repositories.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from integration_admin.adapters.base import Level, TargetField
from integration_admin.core.mapping import REIMBURSEMENT_SOURCES, SOURCES, FieldMapping
from integration_admin.core.mapping import Mapping as FieldMappings
from integration_admin.core.messages import Message, msg
from integration_admin.core.reference import ReferenceItem
from integration_admin.services.code_lookup import ID_PREFIX, CodeLookup
from integration_admin.services.mapping_plans import ACCOUNTS, CATEGORY, is_free_text, no_entry, used_sources
from integration_admin.services.mapping_reimbursements import (
    ACCOUNT,
    CREDIT_ACCOUNT,
    PAYMENT_ACCOUNT,
    is_person,
    same_account,
)
from integration_admin.services.mapping_resolver import not_mapped, source_faults
from integration_admin.services.mapping_words import origin_label

_SHOWN_CHOICES = 20
_STANDARD_CODE = re.compile(r"\d{4}\*?")


class Severity(StrEnum):
    """An error keeps a mapping from being saved; a warning must be accepted."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about one target field; `source_value` is the value map's row, empty for the whole field."""

    severity: Severity
    target: str
    source_value: str
    message: Message


def validate(
    mapping: FieldMappings,
    target_fields: Sequence[TargetField],
    categories: Sequence[str],
    codes: CodeLookup,
) -> list[Finding]:
    """Return everything that speaks against `mapping`, errors and warnings, in the order of the target fields.

    `categories` are those claims have used. An error means that every record would fail.
    """
    known = {target.name for target in target_fields}
    findings = [
        Finding(
            Severity.ERROR, name, "", msg("The accounting system has no field called “{name}”.", name=name)
        )
        for name in mapping
        if name not in known
    ]
    for target in target_fields:
        field = mapping.get(target.name)
        if field is not None:
            findings += _judge(target, field, categories, codes)
        elif target.required:
            findings.append(Finding(Severity.ERROR, target.name, "", not_mapped(target)))
    return [*findings, *_judge_owed(mapping, target_fields), *_judge_payments(mapping, target_fields)]


def _judge_owed(mapping: FieldMappings, target_fields: Sequence[TargetField]) -> Iterator[Finding]:
    """Yield an error where neither an account nor a person is mapped that the money is owed to."""
    owed = next((target for target in target_fields if target.name == CREDIT_ACCOUNT), None)
    if owed is None or owed.required or CREDIT_ACCOUNT in mapping:
        return
    if not any(target.name in mapping and is_person(target) for target in target_fields):
        yield Finding(Severity.ERROR, CREDIT_ACCOUNT, "", not_mapped(owed))


def _judge_payments(mapping: FieldMappings, target_fields: Sequence[TargetField]) -> Iterator[Finding]:
    """Yield what keeps every reimbursement from being exported, once they are mapped at all."""
    if PAYMENT_ACCOUNT not in mapping:
        return
    for target in target_fields:
        field = mapping.get(target.name)
        needed = target.name == PAYMENT_ACCOUNT or (
            target.required and target.name != ACCOUNT and not is_free_text(target)
        )
        sources = () if field is None else used_sources(field)
        lacking = [source for source in sources if source in SOURCES and source not in REIMBURSEMENT_SOURCES]
        if needed and len(lacking) == len(sources) > 0:
            no_source = msg(
                "“{field}” is read from “{source}”, which a reimbursement does not have. None will be exported.",
                field=target.label,
                source=origin_label(lacking[0]),
            )
            yield Finding(Severity.WARNING, target.name, "", no_source)
    owed, paid_from = (_codes(mapping.get(name)) for name in (CREDIT_ACCOUNT, PAYMENT_ACCOUNT))
    if owed & paid_from:
        yield Finding(Severity.WARNING, PAYMENT_ACCOUNT, "", same_account())


def _codes(field: FieldMapping | None) -> set[str]:
    return set() if field is None else {value for _, value in _written(field, ())}


def _judge(
    target: TargetField, field: FieldMapping, categories: Sequence[str], codes: CodeLookup
) -> Iterator[Finding]:
    for fault in source_faults(target, field):
        yield Finding(Severity.ERROR, target.name, "", fault)
    for fault in _hopeless(target, field, categories, codes):
        yield Finding(Severity.ERROR, target.name, "", fault)
    yield from _uncovered(target, field, categories)
    if field.source is None and field.values:
        unused = msg("The value map is not used, because the value is not read from one field of the claim.")
        yield Finding(Severity.WARNING, target.name, "", unused)
    written = list(_written(field, categories))
    if target.reference and written and not codes.has(target.reference):
        unread = msg(
            "The accounting system's list for “{field}” has not been read yet, so no code was checked.",
            field=target.label,
        )
        yield Finding(Severity.WARNING, target.name, "", unread)
    for source_value, value in written:
        if source_value and target.choices and value not in target.choices:
            yield Finding(Severity.WARNING, target.name, source_value, _not_a_choice(target, value))
        if source_value and len(value) > target.max_length and not is_free_text(target):
            yield Finding(Severity.WARNING, target.name, source_value, _too_long(target))
        for doubt in _doubts(target, value, codes):
            yield Finding(Severity.WARNING, target.name, source_value, doubt)


def _hopeless(
    target: TargetField, field: FieldMapping, categories: Sequence[str], codes: CodeLookup
) -> Iterator[Message]:
    """Yield why no record at all could be sent."""
    fixed = field.constant if field.constant is not None else field.compose
    if target.required and fixed is not None and not fixed.strip():
        yield msg("“{field}” cannot be empty.", field=target.label)
    if field.constant is not None and len(field.constant) > target.max_length and not is_free_text(target):
        yield _too_long(target)
    if field.constant and target.choices and field.constant not in target.choices:
        yield _not_a_choice(target, field.constant)
    if target.required and target.reference and field.source == CATEGORY and not field.values:
        # Categories may be the codes themselves; then nothing needs to be translated.
        if not any(codes.find(target.reference, category) for category in categories):
            yield msg("No category has a code for “{field}” yet.", field=target.label)
    elif target.required and field.values and field.source and not any(field.values.values()):
        yield msg("Every entry in the value map of “{field}” is empty.", field=target.label)


def _uncovered(target: TargetField, field: FieldMapping, categories: Sequence[str]) -> Iterator[Finding]:
    """Yield the categories in use whose claims would fail because nothing is mapped to them."""
    if field.source != CATEGORY or not field.values:
        return
    for category in categories:
        if category not in field.values:
            yield Finding(Severity.WARNING, target.name, category, no_entry(target, CATEGORY, category))
    for source_value, value in field.values.items():
        if target.required and not value:
            empty = msg(
                "“{value}” is mapped to nothing, and “{field}” cannot be empty.",
                value=source_value,
                field=target.label,
            )
            yield Finding(Severity.WARNING, target.name, source_value, empty)


def _written(field: FieldMapping, categories: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield (source value, code) for every code the mapping would send as it stands."""
    if field.constant:
        yield "", field.constant
    elif field.source and field.values:
        yield from ((source_value, value) for source_value, value in field.values.items() if value)
    elif field.source == CATEGORY:
        yield from ((category, category) for category in categories)


def _doubts(target: TargetField, value: str, codes: CodeLookup) -> Iterator[Message]:
    """Yield one sentence for each thing that speaks against sending `value`."""
    yield from code_faults(target, value, codes)
    if target.reference == ACCOUNTS and (found := codes.find(target.reference, value)):
        yield from _unusual_account(target, found[0])


def code_faults(target: TargetField, value: str, codes: CodeLookup) -> Iterator[Message]:
    """Yield why the accounting system would refuse `value`, as far as its lists were read and tell."""
    if not target.reference or not codes.has(target.reference):
        return
    found = codes.find(target.reference, value)
    if not found:
        yield _unknown(value, codes.nearest(target.reference, value))
    elif len(found) > 1:
        choices = ", ".join(f"{ID_PREFIX}{item.id} ({item.name})" for item in found[:5])
        yield msg(
            "{count} entries share the code {code}. Write the one that is meant by its id: {choices}.",
            count=len(found),
            code=value,
            choices=choices,
        )
    else:
        yield from _item_doubts(found[0], codes.today)


def _unknown(value: str, nearest: str) -> Message:
    if nearest:
        return msg(
            "The accounting system has no code {code}. Did you mean {nearest}?", code=value, nearest=nearest
        )
    return msg("The accounting system has no code {code}.", code=value)


def _item_doubts(item: ReferenceItem, today: date) -> Iterator[Message]:
    if not item.open:
        yield msg("{code} {name} is closed in the accounting system.", code=item.code, name=item.name)
    if not item.posting:
        yield msg("{code} {name} is a heading; nothing can be posted to it.", code=item.code, name=item.name)
    if item.valid_from is not None and today < item.valid_from:
        yield msg(
            "{code} {name} is not valid before {date}.", code=item.code, name=item.name, date=item.valid_from
        )
    if item.valid_to is not None and today > item.valid_to:
        yield msg(
            "{code} {name} was valid until {date} only.", code=item.code, name=item.name, date=item.valid_to
        )


def _unusual_account(target: TargetField, item: ReferenceItem) -> Iterator[Message]:
    """Yield what is unusual, though legal, in a chart of four-digit codes (NS 4102)."""
    if not _STANDARD_CODE.fullmatch(item.code):
        return
    if target.name == PAYMENT_ACCOUNT:
        if item.code[:2] != "19":
            yield msg(
                "{code} {name} is an unusual account to pay from; bank accounts begin with 19.",
                code=item.code,
                name=item.name,
            )
    elif target.level is Level.VOUCHER:
        if item.code[:2] not in {"24", "29"}:
            yield msg(
                "{code} {name} is an unusual account for what is owed to claimants; such accounts begin with 24 or 29.",
                code=item.code,
                name=item.name,
            )
    elif item.code[0] == "5":
        yield msg(
            "{code} {name} is a payroll account; expense claims seldom belong there.",
            code=item.code,
            name=item.name,
        )
    elif item.code[0] not in "467":
        yield msg(
            "{code} {name} is not an account for costs; those begin with 4, 6 or 7.",
            code=item.code,
            name=item.name,
        )


def _not_a_choice(target: TargetField, value: str) -> Message:
    return msg(
        "“{field}” may not be “{value}”. It may be one of these: {choices}.",
        field=target.label,
        value=value,
        choices=", ".join(target.choices[:_SHOWN_CHOICES]),
    )


def _too_long(target: TargetField) -> Message:
    return msg(
        "The value for “{field}” is longer than the {count} characters it may have.",
        field=target.label,
        count=target.max_length,
    )
