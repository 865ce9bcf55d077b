"""What the audit log says in words: a sentence for each action, and a line for each detail.

The sentences are kept nowhere; lines are stored as actions and details, and read in each reader's language.
"""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Final

from integration_admin.core.messages import Message, msg
from integration_admin.services.mapping_words import exclusion_label

ACTIONS: Final[dict[str, Message]] = {
    "sign_in": msg("Signed in"),
    "sign_in.refused": msg("Was refused at sign-in: the password was wrong"),
    "sign_in.half": msg("Gave the right password; the second step of signing in follows"),
    "sign_in.passkey_refused": msg("Was refused at sign-in: the passkey did not sign as it should"),
    "sign_in.code_refused": msg("Was refused at sign-in: the code was wrong"),
    "sign_out": msg("Signed out"),
    "factor.begin": msg("Began to set up an authenticator app"),
    "factor.refused": msg("Gave a wrong code while setting up an authenticator app"),
    "factor.app": msg("Set up an authenticator app"),
    "factor.app_removed": msg("Removed the authenticator app"),
    "factor.codes": msg("Made new recovery codes"),
    "factor.code_used": msg("Used a recovery code"),
    "factor.passkey": msg("Added the passkey “{target}”"),
    "factor.passkey_renamed": msg("Renamed a passkey to “{target}”"),
    "factor.passkey_removed": msg("Removed the passkey “{target}”"),
    "factor.demand": msg("Changed who must have a second factor"),
    "factor.reset": msg("Removed the second factors of {target}"),
    "reauthentication": msg("Confirmed with the password"),
    "reauthentication.refused": msg("Gave a wrong password when asked to confirm"),
    "access.denied": msg("Tried what the role does not allow: {target}"),
    "organisation.keep_years": msg("Changed how long the history is kept"),
    "history.thin": msg("Removed history that is older than it is kept"),
    "notices.save": msg("Changed who is told of what"),
    "notices.key": msg("Made a new key for signing webhooks"),
    "notices.test": msg("Sent a notice as a test"),
    "member.create": msg("Added the member {target}"),
    "member.invite": msg("Invited {target}"),
    "member.withdraw": msg("Withdrew the invitation of {target}"),
    "member.join": msg("Became a member by an invitation"),
    "member.role": msg("Changed the role of {target}"),
    "member.reset_link": msg("Made a link for a new password of {target}"),
    "member.end_sessions": msg("Ended all sessions of {target}"),
    "member.remove": msg("Removed the member {target}"),
    "password.forgotten": msg("Asked for a link for a new password"),
    "password.reset": msg("Chose a new password by a link"),
    "password.change": msg("Changed the own password"),
    "session.end": msg("Ended own sessions"),
    "token.create": msg("Made the API token “{target}”"),
    "token.revoke": msg("Revoked the API token “{target}”"),
    "integration.begin": msg("Began to set up “{target}”"),
    "integration.save": msg("Saved “{target}”"),
    "integration.save_untested": msg("Saved “{target}” without a test that succeeded"),
    "integration.active": msg("Let “{target}” go on"),
    "integration.paused": msg("Paused “{target}”"),
    "integration.stopped": msg("“{target}” was stopped: its sign-in was refused"),
    "integration.discard": msg("Discarded the set-up of “{target}”"),
    "settings.apply": msg("Applied a settings file to “{target}”"),
    "connection.test": msg("Tested the connection of “{target}”"),
    "credentials.store": msg("Stored how “{target}” signs in"),
    "credentials.rotate": msg("Replaced the secrets of “{target}”"),
    "credentials.remove": msg("Removed the secrets of “{target}”"),
    "credentials.expiry": msg("Changed when the secrets of “{target}” expire"),
    "keys.promote": msg("Sealed new secrets with the vault key {target} from then on"),
    "keys.reencrypt": msg("Sealed stored secrets again with the vault key {target}"),
    "keys.retire": msg("Retired the vault key {target}"),
    "mapping.save": msg("Changed the field mapping of “{target}”"),
    "schedule.save": msg("Changed the schedule of “{target}”"),
    "schedule.skip": msg("Left out an export of “{target}”, because another one was running"),
    "schedule.catch_up": msg("Made up for missed exports of “{target}”"),
    "schedule.ask": msg("Asked whether to make up for missed exports of “{target}”"),
    "schedule.answer": msg("Answered whether to make up for missed exports of “{target}”"),
    "exclusions.save": msg("Changed what “{target}” leaves out"),
    "run.start": msg("Started an export of “{target}”"),
    "run.cancel": msg("Cancelled an export of “{target}”"),
    "record.found": msg("Decided that {target} is booked already"),
    "record.send_again": msg("Decided that {target} is sent again"),
    "reconciliation.start": msg("Had “{target}” compared with the accounting system"),
    "reconciliation.sign": msg("Signed off a comparison of “{target}”"),
    "record.put_right": msg("Noted that {target} was put right by hand"),
    "record.dismiss": msg("Dismissed {target}: it is not tried again as it is"),
    "record.take_back": msg("Took back that {target} was dismissed"),
    "failures.dismiss": msg("Dismissed the records of “{target}” that failed for one cause"),
}

AREAS: Final[dict[str, tuple[Message, tuple[str, ...]]]] = {
    "sign_in": (
        msg("Signing in and out"),
        ("sign_in", "sign_in.half", "sign_out", "reauthentication", "factor.", "password.", "session."),
    ),
    "refused": (
        msg("What was refused"),
        (
            "sign_in.refused",
            "sign_in.code_refused",
            "sign_in.passkey_refused",
            "factor.refused",
            "reauthentication.refused",
            "access.denied",
            "integration.stopped",
        ),
    ),
    "integration": (msg("Integrations and connections"), ("integration.", "settings.", "connection.")),
    "credentials": (msg("Secrets"), ("credentials.", "keys.")),
    "mapping": (msg("Field mapping"), ("mapping.",)),
    "schedule": (msg("Schedule"), ("schedule.",)),
    "exclusions": (msg("What is left out"), ("exclusions.",)),
    "run": (msg("Exports"), ("run.",)),
    "reconciliation": (msg("Reconciliation"), ("reconciliation.",)),
    "record": (msg("Records"), ("record.", "failures.")),
    "people": (msg("Members and API tokens"), ("member.", "token.")),
    "organisation": (msg("Notices and the organisation"), ("notices.", "organisation.", "history.")),
}
"""What lines can be about: the words, and the actions; one that ends in a dot stands for all that begin with it."""

_LABELS: Final[dict[str, Message]] = {
    "address": msg("Network address"),
    "after": msg("After"),
    "at": msg("Time"),
    "before": msg("Before"),
    "categories": msg("Left out"),
    "changed": msg("Parts"),
    "codes_left": msg("Recovery codes left"),
    "count": msg("Number"),
    "cron_line": msg("Cron line"),
    "day": msg("Day"),
    "demand": msg("Second factor demanded of"),
    "deputy": msg("Deputy"),
    "expires_on": msg("Expires on"),
    "export": msg("Make up for them"),
    "fields": msg("Secrets"),
    "kind": msg("Type"),
    "kinds": msg("Notices"),
    "name": msg("Name"),
    "number": msg("Voucher number"),
    "passed": msg("The test succeeded"),
    "period": msg("Month"),
    "reason": msg("Reason"),
    "records": msg("Records"),
    "reference": msg("Reference"),
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
    "webhook": msg("Webhook"),
}
_VALUES: Final[dict[str, Message]] = {
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
}
_TRIGGER_MANUAL: Final = msg("A person")
_UNTOLD: Final = frozenset({"old", "new", "changes", "accepted_warnings", "integration", "run", "cause"})
"""Details with words of their own, and those that only programs read."""


def actions_of(area: str) -> tuple[str, ...]:
    """Return the actions of an area that have words; none for an area there is not."""
    wanted = AREAS[area][1] if area in AREAS else ()
    return tuple(
        action
        for action in ACTIONS
        if action in wanted or any(name.endswith(".") and action.startswith(name) for name in wanted)
    )


def sentence(action: str, target: str, detail: Mapping[str, Any], names: Mapping[str, str]) -> Message:
    """Say what was done; `names` are what integrations are called, by id."""
    template = ACTIONS.get(action, Message(f"{action} {{target}}".replace("_", " ")))
    return Message(template.template, {"target": _named(target, detail, names)})


def details(detail: Mapping[str, Any]) -> tuple[Message, ...]:
    """Say what a line holds beside its action: what was changed from what to what, and with what result."""
    told = [Message.from_json(change) for change in detail.get("changes", ())]
    told += _changed(detail.get("old") or {}, detail.get("new") or {})
    told += [
        _fact(name, detail[name]) for name in sorted(detail) if name not in _UNTOLD and detail[name] != []
    ]
    warnings = [Message.from_json(warning) for warning in detail.get("accepted_warnings", ())]
    told += [msg("Accepted: {warning}", warning=warning) for warning in warnings]
    return tuple(told)


def _named(target: str, detail: Mapping[str, Any], names: Mapping[str, str]) -> str | Message:
    """Return what an integration is called, or was; anything else is named by its own words."""
    if target in names:
        return names[target]
    try:
        uuid.UUID(target)
    except ValueError:
        return target
    before = detail.get("old") or {}
    return str(before["name"]) if before.get("name") else msg("an integration that was removed")


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Message]:
    """Say for each setting that is another now what it was and what it is."""
    for name in dict.fromkeys([*old, *new]):
        before, now = old.get(name), new.get(name)
        if before == now:
            continue
        if isinstance(before, list) or isinstance(now, list):
            yield from _listed(before or [], now or [])
        elif before in {None, ""}:
            yield _fact(name, now)
        elif now in {None, ""}:
            yield msg("{setting}: was “{value}”", setting=_label(name), value=_value(before))
        else:
            yield msg(
                "{setting}: from “{before}” to “{value}”",
                setting=_label(name),
                before=_value(before),
                value=_value(now),
            )


def _listed(before: list[str], now: list[str]) -> Iterator[Message]:
    """Say what is left out now that was not, and the other way round."""
    for name in sorted({*now} - {*before}):
        yield msg("Left out from now on: {value}", value=_exclusion(name))
    for name in sorted({*before} - {*now}):
        yield msg("No longer left out: {value}", value=_exclusion(name))


def _exclusion(name: str) -> Message:
    try:
        return exclusion_label(name)
    except KeyError:
        return Message("{name}", {"name": name})


def _fact(name: str, value: Any) -> Message:
    said = _TRIGGER_MANUAL if (name, value) == ("trigger", "manual") else _value(value)
    return msg("{setting}: {value}", setting=_label(name), value=said)


def _label(name: str) -> Message:
    return _LABELS.get(name, Message("{name}", {"name": name.replace("_", " ")}))


def _value(value: Any) -> str | Message:
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    written = str(value).lower() if isinstance(value, bool) else str(value)
    return _VALUES.get(written, written)
