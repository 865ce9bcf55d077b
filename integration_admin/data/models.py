"""What is remembered: every table. Queries live in repositories/, rules in services/."""

import uuid
from datetime import date
from typing import Literal

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from integration_admin.core.statuses import (
    DeliveryState,
    IntegrationState,
    Role,
    RunState,
    ScheduleKind,
    Trigger,
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


class Member(Owned, Base):
    """A person of an organisation who may sign in; `email` is stored in lower case."""

    __tablename__ = "members"
    __table_args__ = (owner(), anchor())

    id: Mapped[UuidKey]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(Word(Role))
    password_hash: Mapped[str] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(2))
    created_at: Mapped[Instant]
    disabled_at: Mapped[OptionalInstant]


class Session(Owned, Base):
    """A signed-in browser; only the SHA-256 of its cookie is stored."""

    __tablename__ = "sessions"
    __table_args__ = (owner(), anchor(), inside("member_id", "members"))

    id: Mapped[UuidKey]
    member_id: Mapped[uuid.UUID]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Instant]
    last_seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[OptionalInstant]


class ApiToken(Owned, Base):
    """A bearer token for /api/v1; only its SHA-256 is stored."""

    __tablename__ = "api_tokens"
    __table_args__ = (owner(), anchor())

    id: Mapped[UuidKey]
    name: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[JsonList]
    created_at: Mapped[Instant]
    last_used_at: Mapped[OptionalInstant]
    revoked_at: Mapped[OptionalInstant]


class Integration(Owned, Base):
    """One connection to one accounting system; `settings` holds no secret.

    `version` rises with every change of configuration: of two people saving at once the second is told.
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
    stop_message: Mapped[OptionalJson]
    last_success_at: Mapped[OptionalInstant]
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


class FieldMappingRow(Owned, Base):
    """Where one target field's value comes from."""

    __tablename__ = "field_mappings"
    __table_args__ = (
        owner(),
        anchor(),
        inside("integration_id", "integrations"),
        UniqueConstraint("integration_id", "target"),
    )

    id: Mapped[UuidKey]
    integration_id: Mapped[uuid.UUID]
    target: Mapped[str] = mapped_column(String(64))
    source: Mapped[str | None] = mapped_column(String(500))
    constant: Mapped[str | None] = mapped_column(String(500))
    compose: Mapped[str | None] = mapped_column(String(500))


class ValueMap(Owned, Base):
    """One row of a value map: what a source value becomes."""

    __tablename__ = "value_maps"
    __table_args__ = (
        owner(),
        inside("field_mapping_id", "field_mappings"),
        UniqueConstraint("field_mapping_id", "source_value"),
    )

    id: Mapped[NumberKey]
    field_mapping_id: Mapped[uuid.UUID]
    source_value: Mapped[str] = mapped_column(String(500))
    target_value: Mapped[str] = mapped_column(String(500))


class Schedule(Owned, Base):
    """When an integration runs by itself; `checked_until` is how far its slots are computed."""

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
    time_zone: Mapped[str] = mapped_column(String(64))
    enabled: Mapped[bool] = mapped_column(default=True)
    checked_until: Mapped[Instant]


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
    """One data category that is left out of what an integration sends."""

    __tablename__ = "exclusions"
    __table_args__ = (
        owner(),
        inside("integration_id", "integrations"),
        UniqueConstraint("integration_id", "category"),
    )

    id: Mapped[NumberKey]
    integration_id: Mapped[uuid.UUID]
    category: Mapped[str] = mapped_column(String(64))


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
    """One record from the expense system in its newest revision."""

    __tablename__ = "records"
    __table_args__ = (
        owner(),
        anchor(),
        UniqueConstraint("organisation_id", "kind", "external_id"),
        Index(None, "organisation_id", "kind", "status", "id"),
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
    """One export run; counts and sums are of this run alone, `sums` by currency in minor units."""

    __tablename__ = "runs"
    __table_args__ = (
        owner(),
        anchor(),
        inside("integration_id", "integrations"),
        UniqueConstraint("integration_id", "idempotency_key"),
        Index(None, "integration_id", "requested_at"),
    )

    id: Mapped[UuidKey]
    integration_id: Mapped[uuid.UUID]
    trigger: Mapped[Trigger] = mapped_column(Word(Trigger))
    state: Mapped[RunState] = mapped_column(Word(RunState), default=RunState.QUEUED)
    started_by: Mapped[str] = mapped_column(String(200), default="")
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


class Delivery(Owned, Base):
    """One record's way to one accounting system; revision, currency and amount are those last sent."""

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
        UniqueConstraint("integration_id", "voucher_number"),
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
    sent_at: Mapped[OptionalInstant]
    due_at: Mapped[OptionalInstant]
    updated_at: Mapped[Instant]


class Failure(Owned, Base):
    """Why a record was not delivered in a run, in words and as data."""

    __tablename__ = "failures"
    __table_args__ = (
        owner(),
        inside("integration_id", "integrations"),
        inside("run_id", "runs"),
        inside("record_id", "records"),
        Index(None, "integration_id", "resolved_at", "id"),
        Index(None, "record_id"),
        Index(None, "run_id"),
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


class AuditEvent(Owned, Base):
    """Who did what; never a secret."""

    __tablename__ = "audit_events"
    __table_args__ = (owner(), Index(None, "organisation_id", "id"))

    id: Mapped[NumberKey]
    at: Mapped[Instant]
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(200), default="")
    detail: Mapped[JsonObject]


class VaultKey(Base):
    """A key this database has been sealed with; the key itself is never here."""

    __tablename__ = "vault_keys"

    key_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    check_value: Mapped[str] = mapped_column(String(32))
    state: Mapped[Literal["active", "old"]] = mapped_column(String(8))
    created_at: Mapped[Instant]
