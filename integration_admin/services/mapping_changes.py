"""What a field mapping is now that it was not before, in sentences."""

from collections.abc import Iterator

from integration_admin.core.mapping import FieldMapping, Mapping
from integration_admin.core.messages import Message, msg
from integration_admin.services.mapping_plans import CATEGORY
from integration_admin.services.mapping_words import category_label, origin_label


def changes(before: Mapping, now: Mapping, labels: dict[str, Message]) -> Iterator[Message]:
    """Yield a sentence for each field, and each row of a value map, that is not what it was."""
    for target in dict.fromkeys([*labels, *before, *now]):
        old, new = before.get(target), now.get(target)
        label = labels.get(target) or Message("{name}", {"name": target})
        yield from _change(label, _origin(old), _origin(new))
        old_rows, new_rows = old.values if old else {}, new.values if new else {}
        by_category = any(field is not None and field.source == CATEGORY for field in (old, new))
        for value in sorted({*old_rows, *new_rows}):
            name = category_label(value) if by_category else Message("{name}", {"name": value})
            yield from _change(name, _code(old_rows.get(value)), _code(new_rows.get(value)))


def _change(name: Message, old: Message | None, new: Message | None) -> Iterator[Message]:
    if old == new:
        return
    if old is None:
        yield msg("“{field}” was added: {value}.", field=name, value=new)
    elif new is None:
        yield msg("“{field}” was removed. It was: {value}.", field=name, value=old)
    else:
        yield msg("“{field}” was changed from {before} to {value}.", field=name, before=old, value=new)


def _origin(field: FieldMapping | None) -> Message | None:
    """Say where a field's value comes from."""
    if field is None:
        return None
    if field.constant is not None:
        return msg("always “{value}”", value=field.constant)
    if field.compose is not None:
        return msg("the text “{text}”", text=field.compose)
    return msg("“{source}” of the claim", source=origin_label(str(field.source)))


def _code(code: str | None) -> Message | None:
    return None if code is None else Message("{name}", {"name": code})
