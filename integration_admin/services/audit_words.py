"""What the audit log says in words: a sentence for each action. Its details are said in audit_details.py.

The sentences are kept nowhere; lines are stored as actions and details, and read in each reader's language.
"""

import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

from integration_admin.core.messages import Message, msg
from integration_admin.services.audit_details import VALUES

ACTIONS: Final[dict[str, Message]] = {
    "sign_in": msg("Signed in"),
    "sign_in.refused": msg("Was refused at sign-in: the password was wrong"),
    "sign_in.half": msg("Gave the right password; the second step of signing in follows"),
    "sign_in.passkey_refused": msg("Was refused at sign-in: the passkey did not sign as it should"),
    "sign_in.code_refused": msg("Was refused at sign-in: the code was wrong"),
    "sign_in.provider_refused": msg("Was refused at sign-in with {target}"),
    "sign_in.half_provider": msg("Signed in with {target}; the second step of signing in follows"),
    "sign_out": msg("Signed out"),
    "provider.save": msg("Set up the sign-in provider {target}"),
    "provider.remove": msg("Removed the sign-in provider {target}"),
    "provider.demand": msg("Demanded that everybody signs in with {target}"),
    "provider.free": msg("Let people in without {target} again"),
    "provider.connect": msg("Connected their own account with {target}"),
    "provider.disconnect": msg("Disconnected {target} from the sign-in provider"),
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
    "password.change": msg("Changed their own password"),
    "session.end": msg("Ended their own sessions"),
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
    "failures.take_back": msg("Took back that records of “{target}” were dismissed together"),
}

AREAS: Final[dict[str, tuple[Message, tuple[str, ...]]]] = {
    "sign_in": (
        msg("Signing in and out"),
        (
            "sign_in",
            "sign_in.half",
            "sign_in.half_provider",
            "sign_out",
            "reauthentication",
            "factor.",
            "provider.",
            "password.",
            "session.",
        ),
    ),
    "refused": (
        msg("What was refused"),
        (
            "sign_in.refused",
            "sign_in.code_refused",
            "sign_in.passkey_refused",
            "sign_in.provider_refused",
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

_PLACES: Final[dict[str, Message]] = {
    "ApiTokensState": msg("API tokens"),
    "AuditLogState": msg("Audit log"),
    "CredentialState": msg("Credentials"),
    "DashboardState": msg("External integrations"),
    "DescriptionState": msg("Credentials"),
    "DryRunState": msg("Try without sending"),
    "ExcludedDataState": msg("What is left out"),
    "FailuresState": msg("Failures"),
    "HealthState": msg("The page of an integration"),
    "MappingState": msg("Field mapping"),
    "MemberState": msg("Members"),
    "MembersState": msg("Members"),
    "MonthState": msg("Reconciliation"),
    "NoticesState": msg("Notices"),
    "PreviewState": msg("Preview"),
    "ReauthenticationState": msg("Credentials"),
    "RotationState": msg("Credentials"),
    "RunState": msg("Exports"),
    "ScheduleState": msg("Schedule"),
    "TrailState": msg("The page of an integration"),
    "ValueMapState": msg("Field mapping"),
    "WizardState": msg("Setting up an integration"),
    "audit_log": msg("Audit log"),
    "second-factor": msg("Second factors in the organisation"),
    "sign-in": msg("Second factors in the organisation"),
    "sign-in-provider": msg("Signing in with a provider"),
}
"""Where somebody was refused: by the part of the pages, or of the addresses, whose handler said so."""
_PLACE_ENDS: Final = re.compile("[./]")


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
    template = ACTIONS.get(action, Message("{action} {target}")).template
    if action == "access.denied":
        about = refused_place(target)
    elif action.startswith("record."):
        about = target.partition(" ")[2] or target
    else:
        about = _named(target, detail, names)
    return Message(template, {"target": about, "action": action.replace("_", " ")})


def refused_place(target: str) -> Message | str:
    """Return what somebody was refused: a page, what an API token may do, or what was written."""
    return VALUES.get(target) or _PLACES.get(_PLACE_ENDS.split(target)[0]) or target


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
