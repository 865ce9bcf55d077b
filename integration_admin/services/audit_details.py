"""The details of a line of the audit log in words: settings, from what to what, results and reasons.

What was done is said in audit_words.py.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from integration_admin.adapters.base import CredentialField
from integration_admin.core.figures import Figure
from integration_admin.core.messages import Message, msg
from integration_admin.core.statuses import NoticeKind, ScheduleKind
from integration_admin.services.adapter_registry import AdapterRegistry
from integration_admin.services.mapping_words import exclusion_label
from integration_admin.services.notice_words import heading
from integration_admin.services.openid_reasons import REASON_WORDS

Told = str | Message | Figure
"""A value as a sentence takes it."""

LABELS: Final[dict[str, Message]] = {
    "address": msg("Network address"),
    "after": msg("After"),
    "at": msg("Time"),
    "before": msg("Before"),
    "changed": msg("Parts"),
    "client": msg("Client ID"),
    "client_secret": msg("Client secret"),
    "codes_left": msg("Recovery codes left"),
    "count": msg("How many"),
    "cron_line": msg("Cron line"),
    "day": msg("Day"),
    "demand": msg("Second factor demanded of"),
    "deputy": msg("Deputy"),
    "expires_on": msg("Expires on"),
    "export": msg("Make up for them"),
    "fields": msg("Secrets"),
    "issuer": msg("Issuer"),
    "kind": msg("Type"),
    "kinds": msg("Notices"),
    "name": msg("Name"),
    "notices": msg("Notices"),
    "number": msg("Voucher number"),
    "passed": msg("The test succeeded"),
    "period": msg("Month"),
    "provider": msg("Sign-in provider"),
    "reason": msg("Reason"),
    "reconciliations": msg("Comparisons"),
    "records": msg("Records"),
    "reference": msg("Reference"),
    "required": msg("Demand it of everybody"),
    "role": msg("Role"),
    "runs": msg("Exports"),
    "scopes": msg("Scopes"),
    "second": msg("Second factor"),
    "since": msg("Since"),
    "sha256": msg("SHA-256 of the file"),
    "slot": msg("Time"),
    "state": msg("Status"),
    "time_zone": msg("Time zone"),
    "trigger": msg("Started by"),
    "trusts_mfa": msg("Take its word for a second factor"),
    "webhook": msg("Webhook"),
}
UNTOLD: Final = frozenset({"old", "new", "changes", "accepted_warnings", "integration", "run", "cause"})
"""Details with words of their own, and those that only programs read."""
VALUES: Final[dict[str, Message]] = {
    "active": msg("Active"),
    "paused": msg("Paused"),
    "draft": msg("Draft"),
    "stopped": msg("Stopped"),
    "daily": msg("Every day"),
    "weekdays": msg("Monday to Friday"),
    "weekly": msg("Once a week"),
    "monthly": msg("Once a month"),
    "hourly": msg("Every hour"),
    "manual": msg("Only when somebody starts it"),
    "cron": msg("By a cron line"),
    "schedule": msg("The schedule"),
    "catch_up": msg("Catching up after a pause"),
    "retry": msg("A new try"),
    "optional": msg("nobody"),
    "administrators": msg("administrators"),
    "everybody": msg("everybody"),
    "app": msg("authenticator app"),
    "passkey": msg("passkey"),
    "recovery_code": msg("recovery code"),
    "enrolled": msg("set up just now"),
    "administrator": msg("Administrator"),
    "coordinator": msg("Coordinator"),
    "viewer": msg("May only look"),
    "true": msg("yes"),
    "false": msg("no"),
    "records:write": msg("Hand over records"),
    "records:read": msg("Read records"),
    "integrations:read": msg("Read integrations"),
    "runs:write": msg("Start and stop exports"),
} | REASON_WORDS
PARTS: Final[dict[str, Message]] = {
    "connection": msg("Connection"),
    "mapping": msg("Field mapping"),
    "schedule": msg("Schedule"),
    "excluded": msg("What is left out"),
    "state": msg("Status"),
}
"""The parts of a settings file."""
_TRIGGER_MANUAL: Final = msg("A person")
_HOW_OFTEN: Final = msg("How often")
_WEEKDAYS: Final = (
    msg("Monday"),
    msg("Tuesday"),
    msg("Wednesday"),
    msg("Thursday"),
    msg("Friday"),
    msg("Saturday"),
    msg("Sunday"),
)
_NOTHING: Final[tuple[Any, ...]] = (None, "", [])


class DetailWords:
    """Says details; settings and secrets are called what the accounting systems' own forms call them."""

    def __init__(self, adapters: AdapterRegistry) -> None:
        known = {kind: adapters.get(kind) for kind in adapters.kinds()}
        self._types = {kind: adapter.label for kind, adapter in known.items()}
        self._fields = {
            kind: {field.name: field for field in adapter.credential_fields}
            for kind, adapter in known.items()
        }

    def say(self, action: str, detail: Mapping[str, Any], kind: str) -> tuple[Message, ...]:
        """Say what a line holds beside its action: what was changed from what to what, and with what result.

        `kind` is the type of the integration it is about, or nothing where that is not known any more.
        """
        fields = self._fields_of(kind) if action.startswith("credentials.") else {}
        told = [Message.from_json(change) for change in detail.get("changes", ())]
        told += _changed(_used(detail.get("old")), _used(detail.get("new")), fields)
        told += [
            msg(
                "{setting}: {value}",
                setting=LABELS.get(name, _bare(name)),
                value=self._fact(name, value, fields),
            )
            for name, value in sorted(detail.items())
            if name not in UNTOLD and value not in _NOTHING
        ]
        warnings = [Message.from_json(warning) for warning in detail.get("accepted_warnings", ())]
        told += [msg("Accepted: {warning}", warning=warning) for warning in warnings]
        return tuple(told)

    def _fields_of(self, kind: str) -> Mapping[str, CredentialField]:
        """Return a type's fields by name; of a type that is not known, all there are, the first of a name."""
        if kind in self._fields:
            return self._fields[kind]
        return {name: field for fields in reversed(self._fields.values()) for name, field in fields.items()}

    def _fact(self, name: str, value: Any, fields: Mapping[str, CredentialField]) -> Told:
        if isinstance(value, list):
            return _listed(_part(name, str(part), fields) for part in value)
        match name:
            case "kind":
                return self._types.get(str(value), str(value))
            case "trigger" if value == "manual":
                return _TRIGGER_MANUAL
            case "slot" | "since":
                return _moment(str(value))
            case "period" | "expires_on":
                return _date(str(value))
        return _value(value)


def _part(name: str, part: str, fields: Mapping[str, CredentialField]) -> Told:
    """Return one entry of a list: a secret, a kind of notice, a part of a settings file or a scope."""
    match name:
        case "fields":
            return _label(part, fields)
        case "kinds":
            return heading(NoticeKind(part)) if part in set(NoticeKind) else part
        case "changed":
            return PARTS.get(part, part)
    return _value(part)


def _used(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the settings that hold something and count; of a timetable, the day in words."""
    used = {name: value for name, value in (settings or {}).items() if value not in _NOTHING}
    if "day" in used:
        day, often = int(used.pop("day")), used.get("kind")
        if often == ScheduleKind.WEEKLY:
            used["day"] = _WEEKDAYS[(day - 1) % len(_WEEKDAYS)]
        elif often == ScheduleKind.MONTHLY:
            used["day"] = msg("Day {day}", day=day) if day else msg("The last day")
    return used


def _changed(
    old: Mapping[str, Any], new: Mapping[str, Any], fields: Mapping[str, CredentialField]
) -> Iterator[Message]:
    """Say for each setting that is another now what it was and what it is."""
    for name in dict.fromkeys([*old, *new]):
        before, now, label = old.get(name), new.get(name), _label(name, fields)
        if before == now:
            continue
        if isinstance(before, list) or isinstance(now, list):
            yield from _exclusions(before or [], now or [])
        elif before is None:
            yield msg("{setting}: {value}", setting=label, value=_setting(name, now, fields))
        elif now is None:
            yield msg("{setting}: was “{value}”", setting=label, value=_setting(name, before, fields))
        else:
            yield msg(
                "{setting}: from “{before}” to “{value}”",
                setting=label,
                before=_setting(name, before, fields),
                value=_setting(name, now, fields),
            )


def _exclusions(before: list[str], now: list[str]) -> Iterator[Message]:
    """Say what is left out now that was not, and the other way round."""
    for name in sorted({*now} - {*before}):
        yield msg("Left out from now on: {value}", value=exclusion_label(name))
    for name in sorted({*before} - {*now}):
        yield msg("No longer left out: {value}", value=exclusion_label(name))


def _label(name: str, fields: Mapping[str, CredentialField]) -> Message:
    """Return what a setting is called: by the accounting system's form, else by ours."""
    if name in fields:
        return fields[name].label
    return _HOW_OFTEN if name == "kind" else LABELS.get(name, _bare(name))


def _setting(name: str, value: Any, fields: Mapping[str, CredentialField]) -> Told:
    """Return a setting's value: what was chosen as the form calls it, what was typed as it stands."""
    if isinstance(value, Message):
        return value
    if name not in fields:
        return _date(str(value)) if name == "expires_on" else _value(value)
    labels = {choice.value: choice.label for choice in fields[name].choices}
    return labels.get(str(value), str(value))


def _value(value: Any) -> Told:
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return VALUES.get(written, written)


def _moment(written: str) -> Told:
    """Return a local time (2026-11-21T02:00) as a day and a time of day."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return written
    return Message("{day}, {time}", {"day": Figure("day", at.date().isoformat()), "time": f"{at:%H:%M}"})


def _date(written: str) -> Told:
    """Return a day (2026-11-21) or a month (2026-11) as each reader writes it; anything else as it stands."""
    try:
        datetime.fromisoformat(written if len(written) > len("2026-11") else f"{written}-01")
    except ValueError:
        return written
    return Figure("day" if len(written) > len("2026-11") else "month", written[:10])


def _listed(values: Iterable[Told]) -> Told:
    """Return values as one, with commas between them."""
    whole, *rest = [*values] or [""]
    for value in rest:
        whole = Message("{first}, {second}", {"first": whole, "second": value})
    return whole


def _bare(name: str) -> Message:
    """Return a name nobody has words for, as it stands."""
    return Message("{name}", {"name": name.replace("_", " ")})
