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


async def served_for(site: Path, **asked: object) -> str:
    """Return which path of a built site with `PAGES` a request is answered from."""
    for page in PAGES:
        (site / page).mkdir(parents=True, exist_ok=True)
        (site / page / "index.html").touch()
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del receive, send
        seen.append(scope["path"])

    await PrerenderedPages(app, site)({"type": "http", **asked}, nothing, dropped)
    return seen[0]


async def test_an_id_with_a_slash_in_it_is_answered_with_its_page(tmp_path: Path) -> None:
    decoded, written = "/settings/integrations/2026/17", b"/settings/integrations/2026%2F17"
    assert await served_for(tmp_path, path=decoded, raw_path=written) == "/settings/integrations/_/"
    assert await served_for(tmp_path, path=decoded, raw_path=decoded.encode()) == decoded


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
    assert await served_for(tmp_path, path=asked) == served
