"""Prerendered pages at their own addresses."""

from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send


class PrerenderedPages:
    """Serves `/page` from `page/index.html`; Starlette alone redirects to `/page/` first.

    `site` is the folder of the built frontend; which pages it has is read once.
    """

    def __init__(self, app: ASGIApp, site: Path) -> None:
        self._app = app
        self._pages = frozenset(
            f"/{file.parent.relative_to(site).as_posix()}" for file in site.rglob("index.html")
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Point a page's address at its folder; all else passes."""
        if scope["type"] == "http" and scope["path"] in self._pages:
            scope = {**scope, "path": scope["path"] + "/"}
        await self._app(scope, receive, send)
