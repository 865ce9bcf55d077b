"""Every event handler gets what no page of ours sends; the long form is security/handlers.py."""

from collections.abc import Callable
from pathlib import Path

from security.handlers import fuzz, handlers
from tests.foreign import install, running


async def test_no_handler_breaks_whatever_it_is_called_with(
    new_sqlite_url: Callable[[], str], copy_database: Callable[[str], str], tmp_path: Path
) -> None:
    installation = await install(new_sqlite_url(), tmp_path / "keys")
    ids = [installation.subjects[whose].ids["integration"] for whose in ("ours", "theirs", "missing")]
    async with running(installation, copy_database(installation.url)):
        found = await fuzz(installation.sessions["administrator"], ids, each=2, seed=1)
    assert found.events > len(handlers())
    assert found.failures == []
