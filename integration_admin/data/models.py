"""What is remembered of organisations, integrations, records, runs and deliveries.

People, sessions and keys are in models_access.py, field mappings in models_mapping.py, failures in
models_failures.py. Queries live in repositories/, rules in services/.
"""

import uuid
from datetime import date
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from integration_admin.core import search_words
from integration_admin.core.statuses import (
    DeliveryState,
    FactorDemand,
    FateState,
    IntegrationState,
    RunState,
    ScheduleKind,
    Trigger,
)
from integration_admin.data import (  # noqa: F401, their tables belong to the same metadata
    models_access,
    models_factors,
    models_identity,
    models_mapping,
    models_notices,
    models_preflights,
    models_reconciliations,
)
from integration_admin.data.columns import (
    Base,
    Instant,
    JsonList,
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
from integration_admin.data.models_failures import Failure as Failure  # noqa: PLC0414, one of these too


def _where(condition: str) -> dict[str, Any]:
    """Return what makes an index cover only some rows, on both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _folded_column(length: int) -> Mapped[str]:
    """Return a column that is searched for beginnings: compared byte by byte on both databases."""
    kind = String(length).with_variant(String(length, collation="C"), "postgresql")
    return mapped_column(kind, default="", server_default=text("''"))


class Organisation(Base):
    """One tenant; `features` names the integration types it may use."""

    __tablename__ = "organisations"

    id: Mapped[UuidKey]
    name: Mapped[str] = mapped_column(String(200), unique=True)
    organisation_number: Mapped[str | None] = mapped_column(String(9))
    time_zone: Mapped[str] = mapped_column(String(64), default="Europe/Oslo")
    language: Mapped[str] = mapped_column(String(2), default="nb")
    features: Mapped[JsonList]
    created_at: Mapped[Instant]
    keep_years: Mapped[int] = mapped_column(default=10, server_default=text("10"))
    """How long the history of its exports is kept."""
    factor_demand: Mapped[FactorDemand] = mapped_column(
        Word(FactorDemand), default=FactorDemand.OPTIONAL, server_default=text("'optional'")
    )


class Integration(Owned, Base):
    """One connection to one accounting system; `settings` holds no secret.

    `secrets_expire_on` is the last day the secrets are good, where `secrets_expiry_by` has told it, and
    `secrets_reminded` how many days ahead somebody was reminded last (30, 7, 1).
    `restored_at` is when it came out of a backup: what it exported after that was made is not known.
    `open_until` is set while the circuit is open: nothing is sent until then, and `open_message` says why.
    `retries_spent` counts automatic repetitions since `retries_since`; those wait until `retries_rest_until`
    where too many were spent. `requests_sent` counts requests in `requests_month` (2026-11). `version` rises with every change of configuration: of two people saving at once the second is told.
    """

    __tablename__ = "integrations"
    __table_args__ = (owner(), anchor(), Index(None, "organisation_id", "kind"))

    id: Mapped[UuidKey]
    kind: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(100))
    state: Mapped[IntegrationState] = mapped_column(Word(IntegrationState), default=IntegrationState.DRAFT)
    step: Mapped[str] = mapped_column(String(16), default="credentials")
    settings: Mapped[JsonObject]
    target_origin: Mapped[str] = mapped_column(String(300), default="")
    tested_at: Mapped[OptionalInstant]
    tested_entity: Mapped[str] = mapped_column(String(200), default="")
    tested_entity_id: Mapped[str] = mapped_column(String(200), default="", server_default=text("''"))
    secrets_expire_on: Mapped[date | None]
    secrets_expiry_by: Mapped[str] = mapped_column(String(200), default="", server_default=text("''"))
    secrets_reminded: Mapped[int | None]
    stop_message: Mapped[OptionalJson]
    last_success_at: Mapped[OptionalInstant]
    restored_at: Mapped[OptionalInstant]
    transport_failures: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    open_until: Mapped[OptionalInstant]
    open_message: Mapped[OptionalJson]
    retries_spent: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    retries_since: Mapped[OptionalInstant]
    retries_rest_until: Mapped[OptionalInstant]
    requests_month: Mapped[str] = mapped_column(String(7), default="", server_default=text("''"))
    requests_sent: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    next_voucher_number: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class Credential(Owned, Base):
    """One sealed secret; its id is part of what the ciphertext is bound to and is never reused."""

    __tablename__ = "credentials"
    __table_args__ = (
        owner(),
        inside("integration_id", "integrations"),
        UniqueConstraint("integration_id", "field"),
    )

    id: Mapped[UuidKey]
    integration_id: Mapped[uuid.UUID]
    field: Mapped[str] = mapped_column(String(64))
    envelope: Mapped[str] = mapped_column(Text)
    ending: Mapped[str] = mapped_column(String(4), default="")
    stored_by: Mapped[str] = mapped_column(String(200))
    stored_at: Mapped[Instant]


class Schedule(Owned, Base):
    """When an integration runs by itself; `checked_until` is how far its slots are computed.

    `day` is 1 (Monday) to 7 for weekly schedules, 1 to 31 or 0 (the last) for monthly ones. `missed_since`
    is set when runs were missed for so long that a person is asked first.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        owner(),
        anchor(),
        inside("integration_id", "integrations"),
        UniqueConstraint("integration_id"),
    )

    id: Mapped[UuidKey]
    integration_id: Mapped[uuid.UUID]
    kind: Mapped[ScheduleKind] = mapped_column(Word(ScheduleKind))
    at: Mapped[str] = mapped_column(String(5), default="02:00")
    day: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    cron_line: Mapped[str] = mapped_column(String(100), default="", server_default=text("''"))
    time_zone: Mapped[str] = mapped_column(String(64))
    enabled: Mapped[bool] = mapped_column(default=True)
    checked_until: Mapped[Instant]
    missed_since: Mapped[OptionalInstant]


class ScheduleSlot(Owned, Base):
    """One local date and time a schedule was due; unique, so that only one scheduler wins it."""

    __tablename__ = "schedule_slots"
    __table_args__ = (
        owner(),
        inside("schedule_id", "schedules"),
        UniqueConstraint("schedule_id", "local_time"),
    )

    id: Mapped[NumberKey]
    schedule_id: Mapped[uuid.UUID]
    local_time: Mapped[str] = mapped_column(String(24))
    due_at: Mapped[Instant]
    run_id: Mapped[uuid.UUID | None]


class Exclusion(Owned, Base):
    """One data category that is left out of what an integration sends; `category:` comes before an expense category."""

    __tablename__ = "exclusions"
    __table_args__ = (
        owner(),
        inside("integration_id", "integrations"),
        UniqueConstraint("integration_id", "category"),
    )

    id: Mapped[NumberKey]
    integration_id: Mapped[uuid.UUID]
    category: Mapped[str] = mapped_column(String(80))


class ReferenceRow(Owned, Base):
    """One entry of a reference list, as the accounting system last told it."""

    __tablename__ = "reference_items"
    __table_args__ = (
        owner(),
        inside("integration_id", "integrations"),
        Index(None, "integration_id", "list_name", "code"),
    )

    id: Mapped[NumberKey]
    integration_id: Mapped[uuid.UUID]
    list_name: Mapped[str] = mapped_column(String(32))
    external_id: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(300))
    open: Mapped[bool]
    posting: Mapped[bool]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]


class RecordRow(Owned, Base):
    """One record from the expense system in its newest revision, with the folded words it is found by."""

    __tablename__ = "records"
    __table_args__ = (
        owner(),
        anchor(),
        UniqueConstraint("organisation_id", "kind", "external_id"),
        Index(None, "organisation_id", "kind", "status", "id"),
        *(
            Index(None, "organisation_id", found_by, "id")
            for found_by in ("folded_id", "id_number", "claimant", "claimant_turned", "amount_minor")
        ),
    )

    id: Mapped[NumberKey]
    kind: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str] = mapped_column(String(64))
    revision: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    currency: Mapped[str] = mapped_column(String(3), default="")
    amount_minor: Mapped[int] = mapped_column(RowId, default=0)
    payload: Mapped[JsonObject]
    content_hash: Mapped[str] = mapped_column(String(64))
    folded_id: Mapped[str] = _folded_column(search_words.LONGEST_ID)
    id_number: Mapped[str] = _folded_column(search_words.LONGEST_NUMBER)
    claimant: Mapped[str] = _folded_column(search_words.LONGEST_NAME)
    claimant_turned: Mapped[str] = _folded_column(search_words.LONGEST_NAME)
    received_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class Category(Owned, Base):
    """An expense or activity category that records have used, so that a mapping can list them."""

    __tablename__ = "categories"
    __table_args__ = (owner(), UniqueConstraint("organisation_id", "kind", "name"))

    id: Mapped[NumberKey]
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(64))
    first_seen_at: Mapped[Instant]


class Run(Owned, Base):
    """One export run; counts and sums are of this run alone, `sums` by currency in minor units.

    `resumed` counts how often it was taken up again after its process had died; `data_scope` is what it left out
    and which fields it could read, where anything was left out.
    """

    __tablename__ = "runs"
    __table_args__ = (
        owner(),
        anchor(),
        inside("integration_id", "integrations"),
        UniqueConstraint("integration_id", "idempotency_key"),
        Index(None, "integration_id", "requested_at"),
        Index("uq_runs_active", "integration_id", unique=True, **_where("finished_at IS NULL")),
    )

    id: Mapped[UuidKey]
    integration_id: Mapped[uuid.UUID]
    trigger: Mapped[Trigger] = mapped_column(Word(Trigger))
    state: Mapped[RunState] = mapped_column(Word(RunState), default=RunState.QUEUED)
    started_by: Mapped[str] = mapped_column(String(200), default="")
    resumed: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    requested_at: Mapped[Instant]
    started_at: Mapped[OptionalInstant]
    finished_at: Mapped[OptionalInstant]
    delivered: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
    unknown: Mapped[int] = mapped_column(default=0)
    sums: Mapped[JsonObject]
    message: Mapped[OptionalJson]
    data_scope: Mapped[OptionalJson]


class Delivery(Owned, Base):
    """One record's way to one accounting system; revision, currency and amount are those last sent.

    `fate` is what became of it there after it was delivered, as it was first seen at `fate_at`, where the
    system books later than it takes; `fate_due_at` is when to look again.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        owner(),
        anchor(),
        inside("integration_id", "integrations"),
        inside("record_id", "records"),
        UniqueConstraint("integration_id", "record_id"),
        UniqueConstraint("integration_id", "reference"),
        Index(None, "integration_id", "state", "id"),
        Index(None, "record_id"),
        Index("ix_deliveries_due", "due_at", **_where("due_at IS NOT NULL")),
        Index("ix_deliveries_fate", "integration_id", "fate", **_where("fate IS NOT NULL")),
        Index(
            "ix_deliveries_fate_due",
            "integration_id",
            "fate_due_at",
            "id",
            **_where("fate_due_at IS NOT NULL"),
        ),
        UniqueConstraint("integration_id", "voucher_number"),
        Index(
            "ix_deliveries_external", "organisation_id", "external_id", "id", **_where("external_id <> ''")
        ),
        Index("ix_deliveries_run", "run_id", "id", **_where("run_id IS NOT NULL")),
    )

    id: Mapped[NumberKey]
    integration_id: Mapped[uuid.UUID]
    record_id: Mapped[int] = mapped_column(RowId)
    state: Mapped[DeliveryState] = mapped_column(Word(DeliveryState), default=DeliveryState.READY)
    reference: Mapped[str] = mapped_column(String(25))
    voucher_number: Mapped[int]
    revision: Mapped[int]
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    recoveries: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    currency: Mapped[str] = mapped_column(String(3), default="", server_default=text("''"))
    amount_minor: Mapped[int] = mapped_column(RowId, default=0, server_default=text("0"))
    payload_hash: Mapped[str] = mapped_column(String(64), default="", server_default=text("''"))
    external_id: Mapped[str] = mapped_column(String(100), default="", server_default=text("''"))
    run_id: Mapped[uuid.UUID | None]
    first_sent_at: Mapped[OptionalInstant]
    sent_at: Mapped[OptionalInstant]
    due_at: Mapped[OptionalInstant]
    fate: Mapped[FateState | None] = mapped_column(Word(FateState), default=None)
    fate_at: Mapped[OptionalInstant]
    fate_due_at: Mapped[OptionalInstant]
    updated_at: Mapped[Instant]
