"""Failures as people see them: each cause once, how much it concerns, since when, and where it is mended.

What people do about them is in failures.py.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from integration_admin.adapters.base import CURRENCY
from integration_admin.core.actor import actor_label
from integration_admin.core.errors import Fault, InvalidInput
from integration_admin.core.mapping import FieldMapping, Mapping
from integration_admin.core.messages import Message, msg
from integration_admin.core.money import Money
from integration_admin.core.statuses import DeliveryState, FailureState
from integration_admin.data.models import Failure
from integration_admin.data.repositories.failures import Extent, FailedRecord
from integration_admin.services.export_claims import NO_LONGER_APPROVED
from integration_admin.services.mapping_plans import CATEGORY, WITHHELD
from integration_admin.services.mapping_reimbursements import PAYMENT_OF_NOTHING
from integration_admin.services.mapping_resolver import CLAIM_OF_NOTHING, WITHOUT_DATE
from integration_admin.services.mapping_words import category_label

MOST_COUNTED: Final = 10_000
"""Up to how many records of a cause are counted; of more it is said that there are more."""
_WORDS: Final = "words"
_OF_THE_RECORD: Final = frozenset(
    one.template for one in (NO_LONGER_APPROVED, WITHOUT_DATE, CLAIM_OF_NOTHING, PAYMENT_OF_NOTHING)
)
"""What we find wrong ourselves that only the expense system can put right."""


class Fix(StrEnum):
    """Where the cause of a failure is mended."""

    MAPPING = "mapping"
    EXCLUDED = "excluded"
    RECORD = "record"
    """In the expense system, whose next revision of the record goes out by itself."""
    SYSTEM = "system"
    """In the accounting system, and then the record is tried again."""
    EITHER = "either"
    """In the expense system or in the accounting system: which one, only its words tell."""
    DECIDE = "decide"
    THERE = "there"
    """In the accounting system, which refused it after it had been taken."""
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class CauseKey:
    """What names the failures of one cause that wait for the same."""

    state: FailureState
    cause: str

    def __str__(self) -> str:
        return f"{self.state.value}-{self.cause}"

    @classmethod
    def read(cls, text: str) -> "CauseKey":
        """Return the key a text names; raises InvalidInput."""
        state, _, cause = text.partition("-")
        known = {FailureState.REFUSED, FailureState.WAITING, FailureState.PERSON}
        if state not in known or not re.fullmatch(r"[0-9a-f]{32}", cause):
            raise InvalidInput(msg("There is no such cause of failures."))
        return cls(FailureState(state), cause)


@dataclass(frozen=True, slots=True)
class CauseView:
    """All open failures of one cause; the reason is the latest one's.

    `more` says that there are more than the `records` counted, and so more than `amounts`. `row` is the id of the
    field of the mapping form that is at fault, where there is one.
    """

    key: CauseKey
    message: Message
    field: str
    records: int
    more: bool
    amounts: tuple[Money, ...]
    since: datetime
    fix: Fix
    row: str


@dataclass(frozen=True, slots=True)
class FailedRecordView:
    """One failure; `now` is where its record is by now. `ended_at` is when it was over.

    `dismissed` says who dismissed the record, when and why; `may_take_back` that this still counts. Records that were
    dismissed together have the same `dismissed_at`.
    """

    id: int
    kind: str
    record_id: str
    amount: Money | None
    message: Message
    since: datetime
    now: DeliveryState | None
    ended_at: datetime | None
    dismissed: Message | None
    dismissed_at: datetime | None
    may_take_back: bool


def cause_view(
    key: CauseKey,
    latest: Failure,
    now: DeliveryState | None,
    extent: Extent,
    mapping: Mapping,
    categories: Sequence[str],
) -> CauseView:
    """Return what is shown of a cause; `now` is where the record of its latest failure is."""
    message = Message.from_json(latest.message)
    fix = _fix(key.state, latest, now, message, mapping)
    return CauseView(
        key=key,
        message=message,
        field=latest.field,
        records=min(extent.records, MOST_COUNTED),
        more=extent.records > MOST_COUNTED,
        amounts=tuple(Money(currency, minor) for currency, minor in sorted(extent.sums.items())),
        since=extent.since,
        fix=fix,
        row=row_at_fault(message, latest.field, mapping, categories) if fix is Fix.MAPPING else "",
    )


def failed_record_view(row: FailedRecord) -> FailedRecordView:
    """Return what is shown of one failure."""
    failure, record = row.failure, row.record
    return FailedRecordView(
        id=failure.id,
        kind=record.kind,
        record_id=record.external_id,
        amount=Money(failure.currency, failure.amount_minor) if failure.currency else None,
        message=Message.from_json(failure.message),
        since=failure.since or failure.created_at,
        now=row.now,
        ended_at=failure.resolved_at,
        dismissed=dismissed_words(failure),
        dismissed_at=failure.dismissed_at,
        may_take_back=failure.state is FailureState.DISMISSED and row.now is DeliveryState.DISMISSED,
    )


def dismissed_words(failure: Failure) -> Message | None:
    """Say who dismissed a record, when and why, if somebody did."""
    if failure.dismissed_at is None:
        return None
    return msg(
        "Dismissed by {person} on {day}: “{because}”. It is not tried again as it is.",
        person=actor_label(failure.dismissed_by),
        day=failure.dismissed_at.date(),
        because=failure.dismissed_because,
    )


def told_with_dismissal(failure: Failure) -> Message:
    """Say why a record failed and, if somebody dismissed it, who did, when and why."""
    reason, dismissed = Message.from_json(failure.message), dismissed_words(failure)
    return (
        Message("{reason} {dismissed}", {"reason": reason, "dismissed": dismissed}) if dismissed else reason
    )


def row_at_fault(message: Message, field: str, mapping: Mapping, categories: Sequence[str]) -> str:
    """Return the id of the field in the mapping form that a reason is about: a category's row, or the target's own."""
    mapped = mapping.get(field)
    if mapped is None:
        return f"from:{field}"
    if mapped.source == CATEGORY:
        category = _category_at_fault(message, mapped, categories)
        return f"map:{field}:{category}" if category else ""
    return f"from:{field}" if mapped.source else f"value:{field}"


def _category_at_fault(message: Message, mapped: FieldMapping, categories: Sequence[str]) -> str:
    """Return the category whose code a reason names, or that has no code; empty where none or several may be meant."""
    told = set(_told(message))
    with_code = [category for category, code in mapped.values.items() if code in told]
    if with_code:
        one_code = len({mapped.values[category] for category in with_code}) == 1
        return with_code[0] if one_code else ""
    label = message.values.get("value")
    missing = [one for one in categories if one not in mapped.values and category_label(one) == label]
    return missing[0] if len(missing) == 1 else ""


def _told(message: Message) -> Iterator[str]:
    """Yield every value a reason tells, and each word of what another system said."""
    for name, value in message.values.items():
        if isinstance(value, Message):
            yield from _told(value)
        elif isinstance(value, str):
            yield from re.findall(r"[\w.-]*\w", value) if name == _WORDS else (value,)


def _fix(
    state: FailureState, latest: Failure, now: DeliveryState | None, message: Message, mapping: Mapping
) -> Fix:
    if state is FailureState.WAITING:
        return Fix.WAIT
    if state is FailureState.PERSON:
        # What was delivered and refused afterwards has no outcome left to decide about.
        return Fix.THERE if now is DeliveryState.DELIVERED else Fix.DECIDE
    return fix_of_refusal(message, latest.field, latest.fault, mapping.get(latest.field))


def fix_of_refusal(message: Message, field: str, fault: str = "", mapped: FieldMapping | None = None) -> Fix:
    """Return where a record that was refused for this reason is mended; `mapped` is where the field's value is from."""
    if message.template == WITHHELD.template:
        return Fix.EXCLUDED
    if field == CURRENCY:
        return Fix.SYSTEM
    if field:
        # A code that is handed on as it came, such as the claim's own project, is wrong there or missing over here.
        handed_on = mapped is not None and mapped.source not in {None, CATEGORY} and not mapped.values
        return Fix.EITHER if handed_on else Fix.MAPPING
    return Fix.RECORD if fault == Fault.BUG or message.template in _OF_THE_RECORD else Fix.EITHER
