"""What each evening's check before the night's run found. Queries live in repositories/preflights.py."""

import uuid

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration_admin.data.columns import (
    Base,
    Instant,
    JsonObject,
    NumberKey,
    OptionalInstant,
    OptionalJson,
    Owned,
    inside,
    owner,
)


class Preflight(Owned, Base):
    """What one evening's check found out about the run at `due_at`; unique, so that only one worker makes it.

    `evening` is the organisation's local date (2026-11-21), `version` the integration's as it was checked.
    `checked_at` is empty while it is under way. `trouble` says why it could not be checked; `needs_person`
    that somebody has to act before the run; `complete` that everything that waits was tried.
    """

    __tablename__ = "preflights"
    __table_args__ = (
        owner(),
        inside("integration_id", "integrations"),
        UniqueConstraint("integration_id", "evening"),
    )

    id: Mapped[NumberKey]
    integration_id: Mapped[uuid.UUID]
    evening: Mapped[str] = mapped_column(String(10))
    due_at: Mapped[Instant]
    version: Mapped[int]
    begun_at: Mapped[Instant]
    checked_at: Mapped[OptionalInstant]
    would_go: Mapped[int] = mapped_column(default=0)
    would_fail: Mapped[int] = mapped_column(default=0)
    complete: Mapped[bool] = mapped_column(default=True)
    reasons: Mapped[JsonObject]
    trouble: Mapped[OptionalJson]
    needs_person: Mapped[bool] = mapped_column(default=False)
    noticed_at: Mapped[OptionalInstant]
