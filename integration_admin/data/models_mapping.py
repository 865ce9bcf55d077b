"""Field mappings, their value maps, and every version that was saved. Queries live in repositories/mappings.py."""

import uuid

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from integration_admin.data.columns import (
    Base,
    Instant,
    JsonObject,
    NumberKey,
    Owned,
    UuidKey,
    anchor,
    inside,
    owner,
)


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


class MappingVersion(Owned, Base):
    """An integration's whole mapping as it was saved once; `number` counts from 1 for each integration.

    `saved_by` is empty where the mapping is older than the versions.
    """

    __tablename__ = "mapping_versions"
    __table_args__ = (
        owner(),
        inside("integration_id", "integrations"),
        UniqueConstraint("integration_id", "number"),
    )

    id: Mapped[NumberKey]
    integration_id: Mapped[uuid.UUID]
    number: Mapped[int]
    saved_at: Mapped[Instant]
    saved_by: Mapped[str] = mapped_column(String(200))
    mapping: Mapped[JsonObject]
