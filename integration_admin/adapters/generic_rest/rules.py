"""What an interface demands of the mapping's fields beyond the usual: one setting, a JSON object by field."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from integration_admin.adapters.base import TargetField
from integration_admin.adapters.generic_rest.targets import TARGET_FIELDS
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import msg

SETTING: Final = "field_rules"
EXAMPLE: Final = '{"vat_code": {"required": true, "max_length": 5, "choices": ["0", "3"]}}'

_FIELDS: Final = {field.name: field for field in TARGET_FIELDS if field.name != "payment_account"}
"""What a voucher is written from; the account a reimbursement was paid from stands for the one that is owed."""
_LONGEST: Final = 10_000
_MOST_CHOICES: Final = 200
_CHOICE_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """What one field must be; any length and any value where nothing is said."""

    required: bool = False
    max_length: int | None = None
    choices: tuple[str, ...] = ()


def parse(text: str) -> dict[str, Rule]:
    """Return the rules by field; none for an empty text. Raises InvalidInput with what is to be written."""
    try:
        read = json.loads(text) if text.strip() else {}
        return {_known(name): _rule(said) for name, said in dict(read).items()}
    except (ValueError, TypeError, RecursionError):
        sentence = msg(
            "Write a JSON object such as {example}, with names of the mapping's fields.", example=EXAMPLE
        )
        raise InvalidInput(sentence, fields={SETTING: sentence}) from None


def ruled(settings: Mapping[str, str]) -> tuple[TargetField, ...]:
    """Return the fields of a voucher as these settings want them. Raises InvalidInput."""
    rules = parse(settings.get(SETTING, ""))
    return tuple(_under(rules.get(field.name), field) for field in TARGET_FIELDS)


def written(rules: Iterable[tuple[str, Rule]]) -> str:
    """Return the setting for (field, rule), empty where nothing is demanded beyond the usual."""
    demands: dict[str, dict[str, Any]] = {}
    for name, rule in rules:
        field = _FIELDS.get(name)
        if field is None:
            continue
        demand: dict[str, Any] = {}
        if rule.required and not field.required:
            demand["required"] = True
        if rule.max_length is not None and rule.max_length < field.max_length:
            demand["max_length"] = rule.max_length
        if rule.choices:
            demand["choices"] = list(rule.choices)
        if demand:
            demands.setdefault(name, demand)
    return json.dumps(demands, ensure_ascii=False) if demands else ""


def _under(rule: Rule | None, field: TargetField) -> TargetField:
    if rule is None:
        return field
    return replace(
        field,
        required=field.required or rule.required,
        max_length=min(field.max_length, rule.max_length or field.max_length),
        choices=rule.choices,
    )


def _known(name: str) -> str:
    if name not in _FIELDS:
        raise ValueError(name)
    return name


def _rule(said: Any) -> Rule:
    """Return what is said of one field. Raises ValueError, TypeError for what is no rule."""
    rule = Rule(**{**said, "choices": tuple(said.get("choices", ()))} if isinstance(said, dict) else said)
    most = rule.max_length
    is_length = most is None or (type(most) is int and 1 <= most <= _LONGEST)
    are_texts = all(isinstance(each, str) and 0 < len(each) <= _CHOICE_LENGTH for each in rule.choices)
    if type(rule.required) is not bool or not is_length or not are_texts or len(rule.choices) > _MOST_CHOICES:
        detail = "not a rule"
        raise ValueError(detail)
    return rule
