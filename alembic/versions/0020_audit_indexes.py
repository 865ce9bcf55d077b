"""who has done something, and the lines of one action, without reading the whole audit log"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_COLUMNS = ("actor", "action")


def upgrade() -> None:
    for column in _COLUMNS:
        op.create_index(_name(column), "audit_events", ["organisation_id", column, "number"])


def downgrade() -> None:
    for column in reversed(_COLUMNS):
        op.drop_index(_name(column), table_name="audit_events")


def _name(column: str) -> str:
    return op.f(f"ix_audit_events_organisation_id_{column}_number")
