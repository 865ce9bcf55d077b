"""Which prerendered page an address is answered with."""

from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from integration_admin.api.prerendered import PrerenderedPages

PAGES = (
    "settings/integrations",
    "settings/integrations/new",
    "settings/integrations/_",
    "settings/integrations/_/runs/_",
)


async def nothing() -> Message:
    return {"type": "http.request"}


async def dropped(message: Message) -> None:
    raise AssertionError(message)


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("/settings/integrations", "/settings/integrations/"),
        ("/settings/integrations/new", "/settings/integrations/new/"),
        ("/settings/integrations/6f1e", "/settings/integrations/_/"),
        ("/settings/integrations/6f1e/runs/77", "/settings/integrations/_/runs/_/"),
        ("/settings/integrations/6f1e/unknown", "/settings/integrations/6f1e/unknown"),
        ("/settings/integrations/", "/settings/integrations/"),
        ("/app.css", "/app.css"),
    ],
)
async def test_an_address_with_an_id_is_answered_with_the_page_for_any(
    tmp_path: Path, asked: str, served: str
) -> None:
    for page in PAGES:
        (tmp_path / page).mkdir(parents=True)
        (tmp_path / page / "index.html").touch()
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        seen.append(scope["path"])

    await PrerenderedPages(app, tmp_path)({"type": "http", "path": asked}, nothing, dropped)
    assert seen == [served]
