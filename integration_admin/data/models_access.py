"""Who may enter and what they did: members, links, sessions, API tokens, the audit log, the vault's keys.

What is exported, where to and when is in models.py.
"""

import uuid
from typing import Final, Literal

from sqlalchemy import Index, String, Text, UniqueConstraint, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from integration_admin.core.statuses import LinkPurpose, Role
from integration_admin.data.columns import (
    Base,
    Instant,
    JsonList,
    JsonObject,
    NumberKey,
    OptionalInstant,
    Owned,
    RowId,
    UuidKey,
    Word,
    anchor,
    inside,
    owner,
)

USER_AGENT_LENGTH: Final = 400
"""How much is kept of what a browser says of itself."""


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


class OneTimeLink(Owned, Base):
    """A link by which somebody chooses a password, once; only the SHA-256 of what it carries is stored.

    `member_id` is unset in an invitation, whose person is no member yet; `role` is the one they will have.
    `created_by_id` is the member who made it; unset in links older than the column, which know the name alone.
    """

    __tablename__ = "one_time_links"
    __table_args__ = (owner(), anchor(), inside("member_id", "members"))

    id: Mapped[UuidKey]
    purpose: Mapped[LinkPurpose] = mapped_column(Word(LinkPurpose))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    member_id: Mapped[uuid.UUID | None]
    email: Mapped[str] = mapped_column(String(254))
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(Word(Role))
    created_by: Mapped[str] = mapped_column(String(200))
    created_by_id: Mapped[uuid.UUID | None]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[OptionalInstant]


class Session(Owned, Base):
    """A signed-in browser; only the SHA-256 of its cookie is stored.

    `authenticated_at` is when its person last proved who they are; unset in sessions older than the column.
    """

    __tablename__ = "sessions"
    __table_args__ = (owner(), anchor(), inside("member_id", "members"))

    id: Mapped[UuidKey]
    member_id: Mapped[uuid.UUID]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_agent: Mapped[str] = mapped_column(String(USER_AGENT_LENGTH), default="", server_default=text("''"))
    created_at: Mapped[Instant]
    authenticated_at: Mapped[OptionalInstant]
    last_seen_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    revoked_at: Mapped[OptionalInstant]


class ApiToken(Owned, Base):
    """A bearer token for /api/v1; only its SHA-256 is stored. Without `expires_at` it is good until revoked.

    `created_by_id` is the member who made it, and stays when they are removed; unset in tokens of the command
    line and in those older than the column.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (owner(), anchor())

    id: Mapped[UuidKey]
    name: Mapped[str] = mapped_column(String(100))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[JsonList]
    created_by: Mapped[str] = mapped_column(String(200), default="", server_default=text("''"))
    created_by_id: Mapped[uuid.UUID | None]
    created_at: Mapped[Instant]
    expires_at: Mapped[OptionalInstant]
    last_used_at: Mapped[OptionalInstant]
    revoked_at: Mapped[OptionalInstant]


class AuditEvent(Owned, Base):
    """Who did what; never a secret. `hash` covers the line and `previous_hash` (audit_chain.py)."""

    __tablename__ = "audit_events"
    __table_args__ = (
        owner(),
        UniqueConstraint("organisation_id", "number"),
        *(Index(None, "organisation_id", asked_for, "number") for asked_for in ("actor", "action")),
    )

    id: Mapped[NumberKey]
    at: Mapped[Instant]
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(200), default="")
    detail: Mapped[JsonObject]
    number: Mapped[int] = mapped_column(RowId)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHead(Owned, Base):
    """The last line of an organisation's audit log; whoever appends locks it, and it tells that lines are gone."""

    __tablename__ = "audit_heads"
    __table_args__ = (owner(),)

    organisation_id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(RowId, default=0)
    hash: Mapped[str] = mapped_column(String(64))


class Heartbeat(Base):
    """When a part of the program that runs by itself last did."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[Instant]


class VaultKey(Base):
    """A key this database is sealed with, has been or will be; the key itself is never here."""

    __tablename__ = "vault_keys"

    key_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    check_value: Mapped[str] = mapped_column(String(32))
    state: Mapped[Literal["added", "active", "old"]] = mapped_column(String(8))
    created_at: Mapped[Instant]
