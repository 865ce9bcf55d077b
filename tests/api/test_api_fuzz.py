"""The API answers whatever its description allows and does not allow; the long form is security/api.py."""

from collections.abc import Callable
from pathlib import Path

from security.api import fuzz
from tests.foreign import install, running


async def test_no_call_of_the_api_is_answered_with_a_servers_error(
    new_sqlite_url: Callable[[], str], copy_database: Callable[[str], str], tmp_path: Path
) -> None:
    installation = await install(new_sqlite_url(), tmp_path / "keys")
    async with running(installation, copy_database(installation.url)) as application:
        answers = await fuzz(application, installation.tokens["all"], examples=2)
    assert answers.failures == []
    # Enough of it got past the token and the first checks.
    assert {200, 404, 422} <= answers.statuses.keys()
