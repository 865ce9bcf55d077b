"""Column types and mix-ins the models share. No table is defined here."""

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeDecorator


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant in UTC; SQLite keeps it without a zone, so the zone is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times before they are stored as something they are not."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            detail = "A stored time must be aware."
            raise ValueError(detail)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator[StrEnum]):
    """A member of a StrEnum, stored as its plain word."""

    impl = String(16)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """Refuse a word the enumeration does not have."""
        del dialect
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Return the enumeration's member."""
        del dialect
        return None if value is None else self.words(value)


# Without none_as_null a None would be stored as JSON's null, which is not NULL to a query.
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
RowId = BigInteger().with_variant(Integer(), "sqlite")

UuidKey = Annotated[uuid.UUID, mapped_column(Uuid, primary_key=True, default=uuid.uuid4)]
NumberKey = Annotated[int, mapped_column(RowId, primary_key=True, autoincrement=True)]
Instant = Annotated[datetime, mapped_column(UTCDateTime)]
OptionalInstant = Annotated[datetime | None, mapped_column(UTCDateTime, default=None)]
JsonObject = Annotated[dict[str, Any], mapped_column(Json, default=dict)]
OptionalJson = Annotated[dict[str, Any] | None, mapped_column(Json, default=None)]
JsonList = Annotated[list[str], mapped_column(Json, default=list)]


class Base(DeclarativeBase):
    """The metadata every table belongs to; constraint names are fixed so migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Owned:
    """A row that belongs to one organisation; composite foreign keys keep references inside it."""

    organisation_id: Mapped[uuid.UUID] = mapped_column(Uuid)


def owned_models() -> list[type[Owned]]:
    """Return every table whose rows belong to one organisation."""
    return Owned.__subclasses__()


def owner() -> SchemaItem:
    """Tie a row to its organisation."""
    return ForeignKeyConstraint(["organisation_id"], ["organisations.id"], ondelete="CASCADE")


def inside(column: str, table: str) -> SchemaItem:
    """Tie `column` to a row of `table` of the same organisation, and only of that one."""
    return ForeignKeyConstraint(
        ["organisation_id", column], [f"{table}.organisation_id", f"{table}.id"], ondelete="CASCADE"
    )


def anchor() -> SchemaItem:
    """Let other tables point at (organisation_id, id)."""
    return UniqueConstraint("organisation_id", "id")
