"""What leaving something out does to a field mapping: what becomes empty, and what may not become so.

What is left out is chosen and stored in excluded_data.py; that it is not read is mapping_plans.py's business.
"""

from collections.abc import Mapping as Table
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, cast

from integration_admin.adapters.base import TargetField
from integration_admin.core.mapping import SOURCES, FieldMapping, Mapping
from integration_admin.core.messages import Message, msg
from integration_admin.services.code_lookup import CodeLookup
from integration_admin.services.config_validator import Finding, Severity, validate
from integration_admin.services.mapping_plans import is_excluded, used_sources
from integration_admin.services.mapping_readers import Getter, reader
from integration_admin.services.mapping_reimbursements import PAYMENT_ACCOUNT
from integration_admin.services.mapping_words import origin_label

_NO_CODES: Final = CodeLookup.of({}, date.min)
_PRESENT: Final[Table[str, Getter]] = {source: lambda _: "x" for source in SOURCES}


def reads(field: FieldMapping, name: str) -> bool:
    """Tell whether a target field is made of `name`, or of a part of it."""
    return any(is_excluded(source, frozenset({name})) for source in used_sources(field))


def stays_empty(field: FieldMapping, excluded: frozenset[str]) -> bool:
    """Tell whether a target field has nothing left to be read from, even in a record that has every value."""
    readable = {name: get for name, get in _PRESENT.items() if not is_excluded(name, excluded)}
    # The readers above look at no record.
    return not reader(field, readable)(cast("Any", None), None).strip()


def effects(
    name: str, mapping: Mapping, targets: Sequence[TargetField], excluded: frozenset[str]
) -> tuple[Message, ...]:
    """Say of each target field what leaving out `name`, beside what is `excluded`, does to it."""
    without = excluded | {name}
    concerned = [target for target in targets if target.name in mapping and reads(mapping[target.name], name)]
    if not concerned:
        return (msg("The mapping does not use it, so it is not sent in any case."),)
    return tuple(_effect(target, mapping[target.name], without) for target in concerned)


def refusals(
    mapping: Mapping, targets: Sequence[TargetField], excluded: frozenset[str]
) -> dict[str, Message]:
    """Return why no record at all could be sent any more, by the name of what is left out."""
    emptied = _emptied(mapping, targets, excluded)
    wrong: dict[str, Message] = {}
    for target in emptied:
        if _is_needed(target):
            wrong.setdefault(_culprit(mapping[target.name], excluded), _needed(target))
    if emptied and not wrong:
        rest = {name: field for name, field in mapping.items() if name not in {one.name for one in emptied}}
        known = _errors(mapping, targets)
        for finding in _errors(rest, targets):
            if finding not in known:
                wrong.setdefault(_culprit(mapping[emptied[0].name], excluded), finding.message)
    return wrong


def withheld(mapping: Mapping, targets: Sequence[TargetField], excluded: frozenset[str]) -> list[Finding]:
    """Return an error for each field that must not be empty and is read only from what is left out."""
    return [
        Finding(
            Severity.ERROR,
            target.name,
            "",
            msg(
                "“{field}” cannot be empty, and “{source}”, which it is read from, is excluded from what is sent.",
                field=target.label,
                source=_withheld_source(mapping[target.name], excluded),
            ),
        )
        for target in _emptied(mapping, targets, excluded)
        if _is_needed(target)
    ]


def sent_fields(
    mapping: Mapping, targets: Sequence[TargetField], excluded: frozenset[str]
) -> list[tuple[Message, tuple[Message, ...]]]:
    """Return every target field that is sent, each with what it is read from; nothing else ever leaves."""
    return [
        (target.label, _origins(mapping[target.name], excluded))
        for target in targets
        if target.name in mapping and not stays_empty(mapping[target.name], excluded)
    ]


def _emptied(mapping: Mapping, targets: Sequence[TargetField], excluded: frozenset[str]) -> list[TargetField]:
    """Return the target fields that are empty for no other reason than what is left out."""
    return [
        target
        for target in targets
        if (field := mapping.get(target.name)) is not None
        and stays_empty(field, excluded)
        and not stays_empty(field, frozenset())
    ]


def _withheld_source(field: FieldMapping, excluded: frozenset[str]) -> Message:
    return origin_label(next(source for source in used_sources(field) if is_excluded(source, excluded)))


def _origins(field: FieldMapping, excluded: frozenset[str]) -> tuple[Message, ...]:
    used = [source for source in dict.fromkeys(used_sources(field)) if not is_excluded(source, excluded)]
    known = [origin_label(source) for source in used if source in SOURCES]
    return tuple(known) or (origin_label("constant"),)


def _effect(target: TargetField, field: FieldMapping, excluded: frozenset[str]) -> Message:
    if not stays_empty(field, excluded):
        return msg("Left out, “{field}” is sent without it.", field=target.label)
    return _needed(target) if _is_needed(target) else msg("Left out, “{field}” is empty.", field=target.label)


def _is_needed(target: TargetField) -> bool:
    # Once the account payments are made from is mapped, every reimbursement needs it.
    return target.required or target.name == PAYMENT_ACCOUNT


def _needed(target: TargetField) -> Message:
    return msg(
        "“{field}” is read from it and must not be empty. Map that field from something else before you leave"
        " this out.",
        field=target.label,
    )


def _culprit(field: FieldMapping, excluded: frozenset[str]) -> str:
    """Return the name among `excluded` that leaves a target field empty."""
    return next(name for name in sorted(excluded) if reads(field, name))


def _errors(mapping: Mapping, targets: Sequence[TargetField]) -> list[Finding]:
    found = validate(mapping, targets, (), _NO_CODES)
    return [finding for finding in found if finding.severity is Severity.ERROR]
