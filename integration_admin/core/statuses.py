"""The words for what state a thing is in, the same on every floor."""

from enum import StrEnum


class Role(StrEnum):
    """What a member may do: everything, daily work, or look."""

    ADMINISTRATOR = "administrator"
    COORDINATOR = "coordinator"
    VIEWER = "viewer"


class Permission(StrEnum):
    """What a handler or route demands; `ROLE_PERMISSIONS` says who has it."""

    VIEW = "view"
    RUN = "run"
    CONFIGURE = "configure"
    ANYONE = "anyone"
    """Also without signing in; only for the sign-in page's own handlers."""


ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset({Permission.VIEW, Permission.RUN, Permission.CONFIGURE}),
    Role.COORDINATOR: frozenset({Permission.VIEW, Permission.RUN}),
    Role.VIEWER: frozenset({Permission.VIEW}),
}


class FactorDemand(StrEnum):
    """Whom an organisation lets in only with a second factor."""

    OPTIONAL = "optional"
    ADMINISTRATORS = "administrators"
    EVERYBODY = "everybody"


class SignInStepKind(StrEnum):
    """What somebody has to do between the password and the first page."""

    CODE = "code"
    ENROL = "enrol"
    PROVIDER = "provider"
    """To sign in with the organisation's provider as well."""


class FlowPurpose(StrEnum):
    """What somebody was sent to the organisation's sign-in provider for."""

    SIGN_IN = "sign_in"
    FINISH = "finish"
    """To finish a sign-in the password has begun."""
    CONNECT = "connect"
    """To connect the own account here with the one there."""
    CONFIRM = "confirm"
    """To prove again who they are."""


class LinkPurpose(StrEnum):
    """What a one-time link is for."""

    INVITATION = "invitation"
    RESET = "reset"


class IntegrationState(StrEnum):
    """Where an integration is in its life; `DRAFT` is a wizard that is not saved yet."""

    DRAFT = "draft"
    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"
    """The accounting system refused the credentials; nothing is sent until they are replaced."""


class DeliveryState(StrEnum):
    """Where one record is on its way to one accounting system."""

    READY = "ready"
    SENDING = "sending"
    DELIVERED = "delivered"
    REJECTED = "rejected"
    RETRY_WAIT = "retry_wait"
    UNKNOWN = "unknown"
    NEEDS_PERSON = "needs_person"
    DISMISSED = "dismissed"
    """Refused, and a person has decided that it is not tried again as it is."""


OPEN_ENDS = (
    DeliveryState.SENDING,
    DeliveryState.REJECTED,
    DeliveryState.RETRY_WAIT,
    DeliveryState.UNKNOWN,
    DeliveryState.NEEDS_PERSON,
)
"""Neither delivered nor dismissed, and more than waiting for the next export."""


class FailureState(StrEnum):
    """What a record's failure waits for, or how it ended."""

    REFUSED = "refused"
    """Somebody must mend its cause; then the record is tried again."""
    WAITING = "waiting"
    """Tried, or asked about, again by itself."""
    PERSON = "person"
    """A person must look in the accounting system."""
    DELIVERED = "delivered"
    DISMISSED = "dismissed"
    REPLACED = "replaced"
    """Not the last word any more: the record failed anew, or goes out again."""


class FateState(StrEnum):
    """What became of a delivered record in an accounting system that books later than it takes."""

    STAGED = "staged"
    """Taken, and waiting there to be booked."""
    BOOKED = "booked"
    REJECTED = "rejected"
    """Refused after it had been taken; somebody must put it right there."""


class RunState(StrEnum):
    """Where a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTLY_FAILED = "partly_failed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Trigger(StrEnum):
    """What started a run."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    RETRY = "retry"
    CATCH_UP = "catch_up"


class ScheduleKind(StrEnum):
    """How often an integration runs by itself."""

    MANUAL = "manual"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    CRON = "cron"


class NoticeKind(StrEnum):
    """What a notice tells of."""

    FAILED = "failed"
    NEEDS_PERSON = "needs_person"
    STOPPED = "stopped"
    NOTHING_HAPPENED = "nothing_happened"
    RECOVERED = "recovered"
    CAUGHT_UP = "caught_up"
    SECRET_EXPIRES = "secret_expires"  # noqa: S105, the name of a notice
    PREFLIGHT = "preflight"
    RECONCILIATION = "reconciliation"
    TEST = "test"


class NoticeChannel(StrEnum):
    """The way a notice goes."""

    EMAIL = "email"
    WEBHOOK = "webhook"


class NoticeState(StrEnum):
    """Where one notice is on its way to one recipient."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


class ReconciliationState(StrEnum):
    """What comparing a month with the accounting system came to."""

    UNDER_WAY = "under_way"
    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_COMPARED = "not_compared"
    """It could not be asked, or did not tell enough."""


class Finding(StrEnum):
    """How one voucher compares; `AGREES` is all is well, `WAITING` and `OPEN` are not settled yet."""

    AGREES = "agrees"
    MISSING = "missing"
    """Delivered, and not there."""
    DOUBLED = "doubled"
    """There more than once."""
    AMOUNT = "amount"
    """There with another amount."""
    NOT_DELIVERED = "not_delivered"
    """There under our reference, and not delivered here."""
    OPEN = "open"
    """Whether it was delivered is not known here yet."""
    WAITING = "waiting"
    """Taken there, and not booked yet."""
    UNTOLD = "untold"
    """There, and the accounting system does not tell its amount."""


DIFFERENCES: frozenset[Finding] = frozenset(
    {Finding.MISSING, Finding.DOUBLED, Finding.AMOUNT, Finding.NOT_DELIVERED}
)
"""The findings somebody has to look at."""
