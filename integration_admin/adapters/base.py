"""What an accounting system must offer, and the words adapters and services exchange.

Nothing here speaks to a network. Vendors' own names stay in their folder.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol, runtime_checkable

from integration_admin.core.errors import Fault
from integration_admin.core.messages import Message
from integration_admin.core.money import Money
from integration_admin.core.records import EXPENSE_CLAIM
from integration_admin.core.reference import ReferenceItem
from integration_admin.core.secret import Secret


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a field that is chosen from a list."""

    value: str
    label: Message


@dataclass(frozen=True, slots=True)
class CredentialField:
    """One field of the credential form; the form, masking and validation all read these marks.

    `only_when` is (other field's name, value): the field is shown and required only then. A
    `multiline` value may have line breaks in it.
    """

    name: str
    label: Message
    help: Message
    secret: bool = False
    required: bool = True
    choices: tuple[Choice, ...] = ()
    default: str = ""
    max_length: int = 500
    only_when: tuple[str, str] | None = None
    multiline: bool = False


class Level(StrEnum):
    """Whether a target field belongs to the whole voucher or to each line."""

    VOUCHER = "voucher"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class TargetField:
    """One field a voucher can carry; `reference` names the reference list its codes come from.

    `choices` are the only values it may have; any where there are none.
    """

    name: str
    label: Message
    help: Message
    level: Level
    required: bool = False
    reference: str | None = None
    max_length: int = 255
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """The accounting system's own lists by name: `accounts` always, others where it has them."""

    lists: Mapping[str, tuple[ReferenceItem, ...]]
    dimensions: Mapping[str, str] = field(default_factory=dict)
    """Target field name -> what the accounting system calls that dimension here."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the services may ask of an adapter.

    Raises ValueError when the quiet period is over before what was sent last must have been booked.
    """

    batch_size: int
    """Vouchers in one `send` at the most."""
    batch_lines: int | None = None
    """Lines in one `send` at the most, a balancing one for each voucher counted; None where they do not matter.

    A voucher that has more by itself is sent alone.
    """
    in_flight: int = 1
    """How many `send` calls may run at the same time for one integration."""
    lookup: bool = True
    """Whether `lookup` can tell what is booked under our reference."""
    processing_seconds: float = 30.0
    """The longest the accounting system may go on booking a request nobody waits for any more."""
    quiet_seconds: float = 90.0
    """How long an unknown outcome rests before a lookup means anything."""
    send_seconds: float = 60.0
    """The outer deadline of one `send`."""
    lookup_size: int = 50
    """References in one `lookup` at the most."""
    rest_seconds: float = 60.0
    """How long sending rests, at first, when call after call does not get through."""
    retries_a_day: int = 2_000
    """How many automatic repetitions an integration may spend in 24 hours."""
    kinds: frozenset[str] = frozenset({EXPENSE_CLAIM})
    """What can be booked; reimbursements also need a target field `payment_account`."""
    follows_up: bool = False
    """Whether what it delivers waits there to be booked, and `fates` can tell what became of it."""
    requests_a_month: int | None = None
    """How many requests the customer's agreement with the vendor includes a calendar month, where they are counted."""

    def __post_init__(self) -> None:
        if self.quiet_seconds < max(self.send_seconds + self.processing_seconds, 2 * self.processing_seconds):
            detail = (
                "quiet_seconds must cover send_seconds and processing_seconds, and processing_seconds twice."
            )
            raise ValueError(detail)


class RequestMeter(Protocol):
    """Is told of every request an adapter sends in the name of one integration."""

    def count(self) -> None:
        """Note one more request."""
        ...


class _NoMeter:
    def count(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an adapter needs to sign in: plain settings, and secrets that cannot be printed.

    An adapter whose vendor counts requests tells `meter` of each.
    """

    settings: Mapping[str, str]
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    meter: RequestMeter = field(default_factory=_NoMeter, compare=False)


class Option(NamedTuple):
    """One thing a credential field can name; `text` is what the accounting system calls it."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Connection:
    """Whom a connection test reached, in the accounting system's own words."""

    entity: str
    warnings: tuple[Message, ...] = ()
    """What works less than fully, such as a missing scope."""
    entity_id: str = ""
    """What stays the same when the entity is renamed; empty where the accounting system has no such thing."""
    found: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    """What there is to choose from in a credential field, by the field's name."""
    undecided: Mapping[str, Message] = field(default_factory=dict)
    """What must still be chosen, by the field's name; the sign-in worked and `entity` is empty then."""


class VoucherLine(NamedTuple):
    """One debit line: the mapped target fields by name and the amount (negative for a credit)."""

    fields: Mapping[str, str]
    amount: Money


class Voucher(NamedTuple):
    """One record on its way out. The adapter adds the balancing credit line from `fields`.

    `reference` is ours, the same on every attempt, at most 25 characters of A-Z and 0-9;
    `number` is at most 8 digits and unique within the integration. A claim credits the account for what is
    owed; a reimbursement has it in its one debit line, and `credit_account` is where the money came from.
    Whoever is owed belongs to the line with the account for what is owed. Where that account may be left out
    because a person's own is used, a reimbursement's line may have none.
    """

    reference: str
    number: int
    record_id: str
    date: date
    fields: Mapping[str, str]
    lines: tuple[VoucherLine, ...]
    kind: str = EXPENSE_CLAIM
    """What the record is: `expense_claim` or `reimbursement`."""


class Result(StrEnum):
    """How one voucher fared."""

    DELIVERED = "delivered"
    REJECTED = "rejected"
    """Refused for what it says; sending it again unchanged cannot help."""
    NOT_SENT = "not_sent"
    """Surely not processed; may be sent again."""
    UNKNOWN = "unknown"
    """May have been booked; only a lookup can tell."""
    NEEDS_PERSON = "needs_person"
    """Taken only in part; somebody has to look before anything is sent again."""


CURRENCY: Final = "currency"
"""What an outcome blames where the accounting system does not take a claim's currency: no mapping can mend that."""


class Outcome(NamedTuple):
    """What became of one voucher of a batch, found again by `reference`."""

    reference: str
    result: Result
    external_id: str = ""
    message: Message | None = None
    fault: Fault | None = None
    field: str = ""
    """The target field to blame, where the accounting system said so, or CURRENCY."""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Booked:
    """What the accounting system holds under one of our references; `count` above one is a double."""

    reference: str
    count: int
    external_id: str = ""


@runtime_checkable
class RulesTargets(Protocol):
    """What an adapter offers besides whose fields of a voucher depend on an integration's settings."""

    def target_fields_of(self, settings: Mapping[str, str]) -> tuple[TargetField, ...]:
        """Return `target_fields` as the settings want them: the same names in the same order. Raises InvalidInput."""
        ...


class AccountingAdapter(Protocol):
    """One accounting system. Adapters keep no credentials between calls and never retry a send."""

    kind: str
    label: Message
    credential_fields: tuple[CredentialField, ...]
    target_fields: tuple[TargetField, ...]
    capabilities: Capabilities
    """What it can do at its best; `capabilities_of` says what it does with an integration's settings."""

    def capabilities_of(self, settings: Mapping[str, str]) -> Capabilities:
        """Return the capabilities with an integration's own settings, such as its batch size."""
        ...

    def target_origin(self, settings: Mapping[str, str]) -> str:
        """Return the origin the secrets will be sent to (`https://host`); secrets are bound to it.

        Raises InvalidInput with the field's own sentence when the settings name no allowed address.
        """
        ...

    async def test_connection(self, credentials: Credentials) -> Connection:
        """Sign in and name the entity reached, within ten seconds whatever the far side does.

        Raises AuthenticationFailed for refused credentials, AdapterError for all else.
        """
        ...

    async def reference_data(self, credentials: Credentials) -> ReferenceData:
        """Read every reference list the target fields name. Raises AdapterError."""
        ...

    def render(self, voucher: Voucher, settings: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """Return the exact body this voucher would be sent as with `settings`, for previews and dry runs."""
        ...

    async def send(self, credentials: Credentials, batch: Sequence[Voucher]) -> list[Outcome]:
        """Send the vouchers and return one outcome for each, in any order.

        Raises AuthenticationFailed when nothing was processed because the credentials are refused;
        any other AdapterError applies to the whole batch by its fault. A voucher that is missing
        from the answer counts as unknown.
        """
        ...

    async def lookup(self, credentials: Credentials, references: Sequence[str]) -> list[Booked]:
        """Return what is booked under each of `references`; absent ones are left out or count 0."""
        ...
