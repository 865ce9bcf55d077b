"""The statements that move deliveries from state to state, many at once.

Each row names the state and the number of attempts it was seen with; whoever moved it meanwhile wins.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Integer,
    Subquery,
    Table,
    Text,
    Update,
    Uuid,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from integration_admin.core.statuses import DeliveryState, FateState
from integration_admin.data.columns import UTCDateTime
from integration_admin.data.json_rows import owned_and_given, unfolded
from integration_admin.data.models import Delivery, RecordRow

_DELIVERIES = cast("Table", Delivery.__table__)
_RECORDS = cast("Table", RecordRow.__table__)
_SEEN: dict[str, TypeEngine[Any]] = {"id": BigInteger(), "was": Text(), "attempts": Integer()}


class Intent(NamedTuple):
    """What is about to be sent for a delivery, which was seen in a state after so many attempts.

    Its fields are in the order `begin_statement` reads them. It holds only for the record's `revision`; a newer one arriving meanwhile keeps this one from leaving.
    """

    delivery_id: int
    was: DeliveryState
    attempts: int
    revision: int
    payload_hash: str


class Settlement(NamedTuple):
    """What a delivery, seen in a state after so many attempts, becomes.

    Its fields are in the order `settle_statement` reads them. `revision` is the record's that was judged,
    where nothing was sent.
    """

    delivery_id: int
    was: DeliveryState
    attempts: int
    state: DeliveryState
    external_id: str = ""
    due_at: datetime | None = None
    revision: int | None = None
    recovered: int = 0
    """1 where its process died while it was being sent."""
    untried: int = 0
    """1 where it never left, and had not left before either."""
    follow_at: datetime | None = None
    """When to look for the first time what became of it; it counts as staged until then."""


OWN_OF_INTENT = Intent._fields.index("payload_hash")
OWN_OF_SETTLEMENT = Settlement._fields.index("external_id")
"""Where stands what `folded` is to write for each row by itself."""


@lru_cache(maxsize=2)
def begin_statement(dialect: str) -> Update:
    """Return the statement that commits intents; takes `rows`, `organisation`, `run` and `at`."""
    given = unfolded(
        dialect,
        bindparam("rows", type_=Text),
        {**_SEEN, "revision": Integer(), "payload_hash": Text()},
        own="payload_hash",
    )
    at = bindparam("at", type_=UTCDateTime())
    return (
        update(_DELIVERIES)
        .where(
            *_unchanged(dialect, given),
            _RECORDS.c.id == _DELIVERIES.c.record_id,
            _RECORDS.c.organisation_id == _DELIVERIES.c.organisation_id,
            _RECORDS.c.revision == given.c.revision,
        )
        .values(
            state=literal(DeliveryState.SENDING.value, Text()),
            attempts=_DELIVERIES.c.attempts + 1,
            run_id=bindparam("run", type_=Uuid()),
            first_sent_at=func.coalesce(_DELIVERIES.c.first_sent_at, at),
            sent_at=at,
            due_at=None,
            updated_at=at,
            payload_hash=given.c.payload_hash,
            revision=_RECORDS.c.revision,
            currency=_RECORDS.c.currency,
            amount_minor=_RECORDS.c.amount_minor,
        )
        .returning(_DELIVERIES.c.id)
    )


@lru_cache(maxsize=2)
def settle_statement(dialect: str) -> Update:
    """Return the statement that commits outcomes; takes `rows`, `organisation` and `at`."""
    given = unfolded(
        dialect,
        bindparam("rows", type_=Text),
        {
            **_SEEN,
            "state": Text(),
            "external_id": Text(),
            "due_at": UTCDateTime(),
            "judged": Integer(),
            "recovered": Integer(),
            "untried": Integer(),
            "follow_at": UTCDateTime(),
        },
        own="external_id",
    )
    at, followed = bindparam("at", type_=UTCDateTime()), given.c.follow_at.is_not(None)
    return (
        update(_DELIVERIES)
        .where(*_unchanged(dialect, given))
        .values(
            state=given.c.state,
            external_id=given.c.external_id,
            due_at=given.c.due_at,
            revision=func.coalesce(given.c.judged, _DELIVERIES.c.revision),
            recoveries=_DELIVERIES.c.recoveries + given.c.recovered,
            first_sent_at=case((given.c.untried == 1, None), else_=_DELIVERIES.c.first_sent_at),
            fate=case((followed, literal(FateState.STAGED.value, Text())), else_=_DELIVERIES.c.fate),
            fate_at=case((followed, at), else_=_DELIVERIES.c.fate_at),
            fate_due_at=func.coalesce(given.c.follow_at, _DELIVERIES.c.fate_due_at),
            updated_at=at,
        )
        .returning(_DELIVERIES.c.id)
    )


def _unchanged(dialect: str, given: Subquery) -> tuple[ColumnElement[bool], ...]:
    return (
        *owned_and_given(dialect, _DELIVERIES, given),
        _DELIVERIES.c.state == given.c.was,
        _DELIVERIES.c.attempts == given.c.attempts,
    )


@lru_cache(maxsize=2)
def take_up_statement(dialect: str) -> Insert:
    """Return the statement that takes records up; takes `rows`, `organisation`, `integration` and `at`."""
    given = unfolded(
        dialect,
        bindparam("rows", type_=Text),
        {"record_id": BigInteger(), "reference": Text(), "voucher_number": Integer(), "revision": Integer()},
    )
    columns: dict[str, ColumnElement[Any]] = {
        "organisation_id": bindparam("organisation", type_=Uuid()),
        "integration_id": bindparam("integration", type_=Uuid()),
        "state": literal(DeliveryState.READY.value, Text()),
        "updated_at": bindparam("at", type_=UTCDateTime()),
        **{column.name: column for column in given.c},
    }
    return insert(_DELIVERIES).from_select(list(columns), select(*columns.values()), include_defaults=False)
