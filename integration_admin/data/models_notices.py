"""Notices, the way of each to its recipients, what an organisation wants to be told, and which troubles are open.

Queries live in repositories/notices.py and repositories/notice_outbox.py.
"""

import uuid

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from integration_admin.core.statuses import NoticeChannel, NoticeKind, NoticeState
from integration_admin.data.columns import (
    Base,
    Instant,
    JsonList,
    JsonObject,
    NumberKey,
    OptionalInstant,
    OptionalJson,
    Owned,
    UuidKey,
    Word,
    anchor,
    inside,
    owner,
)


class NoticeSettings(Owned, Base):
    """What an organisation wants to be told, and where to; `envelope` is the webhook's sealed signing key."""

    __tablename__ = "notice_settings"
    __table_args__ = (owner(), UniqueConstraint("organisation_id"))

    id: Mapped[UuidKey]
    kinds: Mapped[JsonList]
    deputy_email: Mapped[str] = mapped_column(String(254), default="")
    webhook_url: Mapped[str] = mapped_column(String(2000), default="")
    envelope: Mapped[str] = mapped_column(Text, default="")
    key_made_at: Mapped[OptionalInstant]
    version: Mapped[int] = mapped_column(default=1)


class OpenTrouble(Owned, Base):
    """Something that was told and is not over yet; nothing more is told of it until it is."""

    __tablename__ = "open_troubles"
    __table_args__ = (
        owner(),
        inside("integration_id", "integrations"),
        UniqueConstraint("integration_id", "kind"),
    )

    id: Mapped[NumberKey]
    integration_id: Mapped[uuid.UUID]
    kind: Mapped[NoticeKind] = mapped_column(Word(NoticeKind))
    since: Mapped[Instant]


class Notice(Owned, Base):
    """One thing to tell, once: `cause` names what it came of, such as a run. A test has no integration."""

    __tablename__ = "notices"
    __table_args__ = (
        owner(),
        anchor(),
        inside("integration_id", "integrations"),
        UniqueConstraint("integration_id", "kind", "cause"),
        Index(None, "organisation_id", "created_at"),
    )

    id: Mapped[UuidKey]
    integration_id: Mapped[uuid.UUID | None]
    integration_name: Mapped[str] = mapped_column(String(100), default="")
    kind: Mapped[NoticeKind] = mapped_column(Word(NoticeKind))
    cause: Mapped[str] = mapped_column(String(100))
    sentence: Mapped[JsonObject]
    counts: Mapped[JsonObject]
    created_at: Mapped[Instant]


class NoticeDelivery(Owned, Base):
    """One notice's way to one recipient; `due_at` is when it is tried next, `error` why it failed last.

    `address` is empty for webhooks, whose address is asked of the settings at each try.
    """

    __tablename__ = "notice_deliveries"
    __table_args__ = (
        owner(),
        inside("notice_id", "notices"),
        UniqueConstraint("notice_id", "channel", "address"),
        Index(
            "ix_notice_deliveries_due",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[NumberKey]
    notice_id: Mapped[uuid.UUID]
    channel: Mapped[NoticeChannel] = mapped_column(Word(NoticeChannel))
    address: Mapped[str] = mapped_column(String(254), default="")
    language: Mapped[str] = mapped_column(String(2))
    state: Mapped[NoticeState] = mapped_column(Word(NoticeState), default=NoticeState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[OptionalInstant]
    sent_at: Mapped[OptionalInstant]
    error: Mapped[OptionalJson]
