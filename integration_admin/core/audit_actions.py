"""What can be written into the audit log: every action, and every detail a line may hold.

The type checker refuses any other where a line is written; their words are in services/audit_words.py and
services/audit_details.py.
"""

from typing import Any, Literal, TypedDict, get_args

AuditAction = Literal[
    "sign_in",
    "sign_in.refused",
    "sign_in.half",
    "sign_in.passkey_refused",
    "sign_in.code_refused",
    "sign_in.provider_refused",
    "sign_in.half_provider",
    "sign_out",
    "provider.save",
    "provider.remove",
    "provider.demand",
    "provider.free",
    "provider.connect",
    "provider.disconnect",
    "factor.begin",
    "factor.refused",
    "factor.app",
    "factor.app_removed",
    "factor.codes",
    "factor.code_used",
    "factor.passkey",
    "factor.passkey_renamed",
    "factor.passkey_removed",
    "factor.demand",
    "factor.reset",
    "reauthentication",
    "reauthentication.refused",
    "access.denied",
    "organisation.keep_years",
    "history.thin",
    "notices.save",
    "notices.key",
    "notices.test",
    "member.create",
    "member.invite",
    "member.withdraw",
    "member.join",
    "member.role",
    "member.reset_link",
    "member.end_sessions",
    "member.remove",
    "password.forgotten",
    "password.reset",
    "password.change",
    "session.end",
    "token.create",
    "token.revoke",
    "integration.begin",
    "integration.save",
    "integration.save_untested",
    "integration.active",
    "integration.paused",
    "integration.stopped",
    "integration.discard",
    "settings.apply",
    "connection.test",
    "credentials.store",
    "credentials.rotate",
    "credentials.remove",
    "credentials.expiry",
    "keys.promote",
    "keys.reencrypt",
    "keys.retire",
    "mapping.save",
    "schedule.save",
    "schedule.skip",
    "schedule.catch_up",
    "schedule.ask",
    "schedule.answer",
    "exclusions.save",
    "run.start",
    "run.cancel",
    "record.found",
    "record.send_again",
    "reconciliation.start",
    "reconciliation.sign",
    "record.put_right",
    "record.dismiss",
    "record.take_back",
    "failures.dismiss",
    "failures.take_back",
]
AUDIT_ACTIONS: tuple[AuditAction, ...] = get_args(AuditAction)


class AuditDetail(TypedDict, total=False):
    """What a line may hold beside its action and its target; never a secret."""

    address: Any
    """The network address of whoever asked."""
    after: Any
    before: Any
    """What one thing was; several stand in `old` and `new`."""
    accepted_warnings: Any
    """Sentences (core/messages.py) that somebody has saved past."""
    cause: Any
    changed: Any
    """The parts of a settings file that changed something."""
    changes: Any
    """What was changed, as sentences."""
    codes_left: Any
    count: Any
    deputy: Any
    expires_on: Any
    export: Any
    fields: Any
    """Names of secrets."""
    integration: Any
    """The id of the integration a line is about, where its target is something else."""
    kind: Any
    kinds: Any
    """Kinds of notices."""
    name: Any
    new: Any
    old: Any
    """Settings by name as they were, beside `new`."""
    notices: Any
    number: Any
    passed: Any
    period: Any
    provider: Any
    """The name of a sign-in provider."""
    reason: Any
    reconciliations: Any
    records: Any
    reference: Any
    role: Any
    run: Any
    runs: Any
    scopes: Any
    second: Any
    sha256: Any
    since: Any
    slot: Any
    trigger: Any
    webhook: Any
