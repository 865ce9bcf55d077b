"""What may be typed into the fields of a credential form, whichever form asks for them."""

from collections.abc import Mapping

from integration_admin.adapters.base import AccountingAdapter, CredentialField
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg

_LONGEST_TOLD = 500


def applies(field: CredentialField, settings: Mapping[str, str]) -> bool:
    """Tell whether a field is asked for, given what was chosen in the others."""
    return field.only_when is None or settings.get(field.only_when[0]) == field.only_when[1]


def problem(field: CredentialField, value: str) -> Message | None:
    """Say what is wrong with what was typed into a field, if anything is."""
    if field.required and not value:
        return msg("Fill in this field.")
    if len(value) > field.max_length:
        return msg("This is too long: at most {count} characters.", count=field.max_length)
    allowed = "\t\r\n" if field.multiline else ""
    if any(ord(character) < ord(" ") and character not in allowed for character in value):
        return msg("This has a line break or another character that does not belong here.")
    if field.choices and value not in {choice.value for choice in field.choices}:
        return msg("Choose one of the options.")
    return None


def refuse(adapter: AccountingAdapter, wrong: Mapping[str, Message]) -> None:
    """Raise InvalidInput with a sentence for each wrong field, in the order of the form."""
    if wrong:
        names = [field.name for field in adapter.credential_fields]
        fields = {name: wrong[name] for name in names if name in wrong}
        raise InvalidInput(msg("Some fields need another look."), fields=fields)


def changed_settings(
    before: Mapping[str, str], now: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the settings that are not what they were, as they were and as they are; settings hold no secret."""
    changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    old = {name: str(before[name])[:_LONGEST_TOLD] for name in changed if name in before}
    return old, {name: str(now[name])[:_LONGEST_TOLD] for name in changed if name in now}
