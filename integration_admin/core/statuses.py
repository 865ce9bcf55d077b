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
