"""Brings a database to the newest schema. The migrations themselves are in alembic/versions."""

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url

from integration_admin.data.columns import Base

_ROOT = Path(__file__).resolve().parent.parent.parent


def synchronous_url(url: str) -> URL:
    """Return `url` with the driver migrations use."""
    parsed = make_url(url)
    driver = "sqlite" if parsed.get_backend_name() == "sqlite" else "postgresql+psycopg"
    return parsed.set(drivername=driver)


def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest schema, making a SQLite file where there is none."""
    parsed = synchronous_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed)
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def is_current(url: str) -> bool:
    """Tell whether the database has the newest schema."""
    engine = create_engine(synchronous_url(url))
    try:
        with engine.connect() as connection:
            heads = MigrationContext.configure(connection).get_current_heads()
    finally:
        engine.dispose()
    return set(heads) == set(ScriptDirectory.from_config(_config()).get_heads())


def differences(engine: Engine) -> list[object]:
    """Return what the models have that the database has not, and the other way round."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def _config() -> Config:
    return Config(str(_ROOT / "alembic.ini"))
