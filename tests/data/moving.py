"""Moving a database down to an older schema and up again, for the tests of single migrations."""

from alembic import command
from integration_admin.data import migrations


def move_to(url: str, revision: str) -> None:
    """Migrate up where `revision` is "head", otherwise down."""
    with migrations.schema_connection(url) as connection:
        config = migrations.alembic_config(connection)
        (command.upgrade if revision == "head" else command.downgrade)(config, revision)


def move_down_and_up(url: str, revision: str) -> None:
    """Migrate down to `revision`, and from there to the newest schema."""
    move_to(url, revision)
    move_to(url, "head")
