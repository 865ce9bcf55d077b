"""What is remembered of a record's failure: why, what it waits for, and who dismissed it. Queries live in repositories/."""

import uuid

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from integration_admin.core.statuses import FailureState
from integration_admin.data.columns import (
    Base,
    Instant,
    JsonObject,
    NumberKey,
    OptionalInstant,
    Owned,
    RowId,
    Word,
    inside,
    owner,
)

_OPEN, _CLOSED = text("resolved_at IS NULL"), text("resolved_at IS NOT NULL")


class Failure(Owned, Base):
    """Why a record was not delivered in a run, in words and as data.

    Failures of the same `cause` are shown as one; currency and amount are the record's. `since` is when the
    record began to fail for this cause. `dismissed_because` is what the person who dismissed it wrote.
    """

    __tablename__ = "failures"
    __table_args__ = (
        owner(),
        inside("integration_id", "integrations"),
        inside("run_id", "runs"),
        inside("record_id", "records"),
        Index(None, "integration_id", "resolved_at", "id"),
        Index(None, "record_id"),
        Index(None, "run_id"),
        # Everything a cause is counted by, so that its rows themselves need not be read.
        Index(
            "ix_failures_causes",
            *("integration_id", "state", "cause", "id", "currency", "amount_minor", "since", "resolved_at"),
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(
            "ix_failures_closed",
            *("integration_id", "state", "id"),
            sqlite_where=_CLOSED,
            postgresql_where=_CLOSED,
        ),
    )

    id: Mapped[NumberKey]
    integration_id: Mapped[uuid.UUID]
    run_id: Mapped[uuid.UUID]
    record_id: Mapped[int] = mapped_column(RowId)
    fault: Mapped[str] = mapped_column(String(24))
    field: Mapped[str] = mapped_column(String(64), default="")
    message: Mapped[JsonObject]
    created_at: Mapped[Instant]
    resolved_at: Mapped[OptionalInstant]
    state: Mapped[FailureState] = mapped_column(
        Word(FailureState), default=FailureState.REFUSED, server_default=text("'refused'")
    )
    cause: Mapped[str] = mapped_column(String(32), default="", server_default=text("''"))
    currency: Mapped[str] = mapped_column(String(3), default="", server_default=text("''"))
    amount_minor: Mapped[int] = mapped_column(RowId, default=0, server_default=text("0"))
    since: Mapped[OptionalInstant]
    dismissed_at: Mapped[OptionalInstant]
    dismissed_by: Mapped[str] = mapped_column(String(200), default="", server_default=text("''"))
    dismissed_because: Mapped[str] = mapped_column(String(500), default="", server_default=text("''"))
