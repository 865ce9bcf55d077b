"""Runs migrations on the database the settings name, or on the one `data/migrations.py` hands over."""

from typing import Any

from sqlalchemy import Connection

from alembic import context
from integration_admin.core.settings import load_settings
from integration_admin.data.columns import Json, UTCDateTime, Word
from integration_admin.data.migrations import schema_connection
from integration_admin.data.models import Base


def render(kind: str, item: Any, _context: Any) -> str | bool:
    """Write our own column types as what they are in the database, so a migration never imports the models."""
    if kind == "type" and isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Word):
        return "sa.String(length=16)"
    if kind == "type" and item is Json:
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def migrate(connection: Connection) -> None:
    """Run what is asked on `connection`, in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    migrate(handed_over)
else:
    with schema_connection(load_settings().database) as connection:
        migrate(connection)
