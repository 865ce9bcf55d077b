"""Everything that can go wrong, as one tree.

IntegrationAdminError                 500
├── NotFound                          404
├── Conflict                          409  two people, or two runs, at the same thing
├── NotPermitted                      403
├── SignInRequired                    401
├── TooManyAttempts                   429
├── InvalidInput                      422  one sentence a field
│   └── PasswordNeeded                403  the person must give the password again first
├── ConfigurationError                422  somebody can put it right by changing a setting
├── DatabaseBusy                      503  somebody else has been writing for too long
├── DatabaseUnreachable               503  the database is down, or not where the settings say
├── RedisUnreachable                  503  the pages' state is kept where nobody answers
├── VaultError                        503
│   ├── KeyMissing
│   ├── KeyMismatch
│   └── SecretUnreadable
├── NotDelivered                      502  a notice did not reach its recipient
└── AdapterError                      502  an accounting system, or the way to it (carries a Fault)
    └── AuthenticationFailed               the credentials are refused: the integration stops

Every error has words for the person on screen (`message`, translatable) and words for the log
(`internal`, English, never a secret).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar

from integration_admin.core.messages import Message, msg


class Fault(StrEnum):
    """Who must act on an accounting system's failure, and whether anything may have been booked."""

    CONFIG = "config"
    """The administrator must change something; trying again unchanged cannot help."""
    TRANSIENT = "transient"
    """Nothing was sent or done; try again later."""
    RATE_LIMITED = "rate_limited"
    """Not processed; wait as long as the system asks."""
    UPSTREAM = "upstream"
    """The accounting system is broken or answers nonsense to a question that changes nothing."""
    UNKNOWN_OUTCOME = "unknown_outcome"
    """The request may have been carried out; look it up before anything else."""
    BUG = "bug"
    """Our own mistake."""


class IntegrationAdminError(Exception):
    """Base of every error this product raises on purpose."""

    status: ClassVar[int] = 500

    def __init__(self, message: Message, *, internal: str = "") -> None:
        super().__init__(internal or str(message))
        self.message = message
        self.internal = internal or str(message)


class NotFound(IntegrationAdminError):
    """The thing does not exist, or belongs to another organisation: the answer is the same."""

    status = 404


class Conflict(IntegrationAdminError):
    """Somebody else was first; nothing was changed."""

    status = 409


class NotPermitted(IntegrationAdminError):
    """The signed-in member's role does not allow it, or the API token's scopes do not."""

    status = 403

    def __init__(self, internal: str = "", message: Message | None = None) -> None:
        super().__init__(
            message or msg("Your role does not allow this. Ask an administrator."), internal=internal
        )


class SignInRequired(IntegrationAdminError):
    """No valid session or token came with the request."""

    status = 401


class TooManyAttempts(IntegrationAdminError):
    """Throttled; `retry_after` is in seconds."""

    status = 429

    def __init__(self, message: Message, *, retry_after: float, internal: str = "") -> None:
        super().__init__(message, internal=internal)
        self.retry_after = retry_after


class InvalidInput(IntegrationAdminError):
    """What was typed or sent cannot be accepted; `fields` has one sentence for each wrong field."""

    status = 422

    def __init__(
        self, message: Message, *, fields: Mapping[str, Message] | None = None, internal: str = ""
    ) -> None:
        super().__init__(message, internal=internal)
        self.fields = dict(fields or {})


class PasswordNeeded(InvalidInput):
    """A change that takes the person's own password, which was given too long ago."""

    status = 403


class ConfigurationError(IntegrationAdminError):
    """A setting is missing or wrong; the message names it."""

    status = 422


class DatabaseBusy(IntegrationAdminError):
    """The database could not be written in time; nothing was changed."""

    status = 503


class DatabaseUnreachable(IntegrationAdminError):
    """There is no connection to the database, or it broke: what was being committed just then may be, or not."""

    status = 503


class RedisUnreachable(IntegrationAdminError):
    """The Redis that keeps the pages' state does not answer; records come in and go out without it."""

    status = 503


class VaultError(IntegrationAdminError):
    """A secret could not be sealed or opened; nothing falls back to plain text."""

    status = 503


class KeyMissing(VaultError):
    """The key that sealed a secret is not in the keyring, or the keyring is empty."""


class KeyMismatch(VaultError):
    """A key file holds other bytes than the key this database was sealed with."""


class SecretUnreadable(VaultError):
    """The stored envelope is malformed, tampered with or bound to another row."""


class NotDelivered(IntegrationAdminError):
    """A mail server or a webhook did not take a notice; `final` says that trying again cannot help."""

    status = 502

    def __init__(self, message: Message, *, final: bool = False, internal: str = "") -> None:
        super().__init__(message, internal=internal)
        self.final = final


class AdapterError(IntegrationAdminError):
    """An accounting system refused, failed or could not be reached.

    `fault` says who acts; `code` is a short machine name for the cause (`dns`, `deadline`, ...);
    `retry_after` is in seconds where the other side named a time.
    """

    status = 502

    def __init__(
        self,
        message: Message,
        fault: Fault,
        *,
        code: str = "",
        retry_after: float | None = None,
        internal: str = "",
    ) -> None:
        super().__init__(message, internal=internal)
        self.fault = fault
        self.code = code
        self.retry_after = retry_after


class AuthenticationFailed(AdapterError):
    """The accounting system refuses the credentials; no record is to blame."""

    def __init__(self, message: Message, *, code: str = "authentication", internal: str = "") -> None:
        super().__init__(message, Fault.CONFIG, code=code, internal=internal)
