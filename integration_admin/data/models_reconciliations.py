"""What comparing months with the accounting system found, and who signed it. Queries live in repositories/reconciliations.py."""

import uuid

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from integration_admin.core.statuses import DeliveryState, Finding, ReconciliationState
from integration_admin.data.columns import (
    Base,
    Instant,
    JsonObject,
    NumberKey,
    OptionalInstant,
    OptionalJson,
    Owned,
    RowId,
    UuidKey,
    Word,
    anchor,
    inside,
    owner,
)


class Reconciliation(Owned, Base):
    """One comparison of one month (2026-11) with the accounting system; a later one is a new version.

    It tells of what was delivered as it was at `begun_at`. Until it is finished one process at a time goes on
    with it, `holder` until `held_until`, from `place` on. `about` is who was compared with whom, as they were
    called then. Once signed it never changes.
    """

    __tablename__ = "reconciliations"
    __table_args__ = (
        owner(),
        anchor(),
        inside("integration_id", "integrations"),
        UniqueConstraint("organisation_id", "integration_id", "period", "version"),
        Index(
            "uq_reconciliations_open",
            "organisation_id",
            "integration_id",
            unique=True,
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    id: Mapped[UuidKey]
    integration_id: Mapped[uuid.UUID]
    period: Mapped[str] = mapped_column(String(7))
    version: Mapped[int]
    state: Mapped[ReconciliationState] = mapped_column(Word(ReconciliationState))
    started_by: Mapped[str] = mapped_column(String(200))
    requested_at: Mapped[Instant]
    begun_at: Mapped[OptionalInstant]
    finished_at: Mapped[OptionalInstant]
    holder: Mapped[str] = mapped_column(String(32), default="")
    held_until: Mapped[OptionalInstant]
    tries: Mapped[int] = mapped_column(default=0)
    place: Mapped[JsonObject]
    totals: Mapped[JsonObject]
    about: Mapped[JsonObject]
    trouble: Mapped[OptionalJson]
    csv_hash: Mapped[str] = mapped_column(String(64), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    signed_by: Mapped[str] = mapped_column(String(200), default="")
    signed_at: Mapped[OptionalInstant]


class ReconciliationPage(Owned, Base):
    """Some lines of the file a comparison's figures were counted from; `packed` is base64 of zlib."""

    __tablename__ = "reconciliation_pages"
    __table_args__ = (
        owner(),
        inside("reconciliation_id", "reconciliations"),
        UniqueConstraint("reconciliation_id", "number"),
    )

    id: Mapped[NumberKey]
    reconciliation_id: Mapped[uuid.UUID]
    number: Mapped[int]
    packed: Mapped[str] = mapped_column(Text)


class ReconciliationLine(Owned, Base):
    """One voucher that does not simply agree, with both sides; `sums_there` is by currency in minor units.

    Of very many, only the first are kept here; the file has all.
    """

    __tablename__ = "reconciliation_lines"
    __table_args__ = (
        owner(),
        inside("reconciliation_id", "reconciliations"),
        UniqueConstraint("reconciliation_id", "reference"),
        Index(None, "reconciliation_id", "id"),
    )

    id: Mapped[NumberKey]
    reconciliation_id: Mapped[uuid.UUID]
    finding: Mapped[Finding] = mapped_column(Word(Finding))
    kind: Mapped[str] = mapped_column(String(16))
    record: Mapped[str] = mapped_column(String(64))
    reference: Mapped[str] = mapped_column(String(25))
    state_here: Mapped[DeliveryState] = mapped_column(Word(DeliveryState))
    currency: Mapped[str] = mapped_column(String(3))
    amount_minor: Mapped[int] = mapped_column(RowId)
    count_there: Mapped[int]
    sums_there: Mapped[OptionalJson]
    external_id: Mapped[str] = mapped_column(String(100), default="")
