"""Prerendered pages at their own addresses."""

import re
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

ANY = "_"
"""What stands in a prerendered page's address where people's addresses have an id."""


class PrerenderedPages:
    """Serves `/page` from `page/index.html`; Starlette alone redirects to `/page/` first.

    `site` is the folder of the built frontend; which pages it has is read once. A page prerendered
    with `ANY` in its address serves every address with an id there, unless that has a page of its own.
    """

    def __init__(self, app: ASGIApp, site: Path) -> None:
        self._app = app
        pages = {f"/{file.parent.relative_to(site).as_posix()}" for file in site.rglob("index.html")}
        self._pages = frozenset(pages)
        self._patterns = [(_pattern(page), page) for page in sorted(pages) if ANY in page.split("/")]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Point a page's address at its folder; all else passes."""
        if scope["type"] == "http" and (page := self._page(scope["path"]) or self._page(_as_asked(scope))):
            scope = {**scope, "path": page + "/"}
        await self._app(scope, receive, send)

    def _page(self, path: str) -> str | None:
        if path in self._pages:
            return path
        return next((page for pattern, page in self._patterns if pattern.fullmatch(path)), None)


def _as_asked(scope: Scope) -> str:
    """Return the path as it was written: a record's id may hold a slash, which is written %2F."""
    return str(scope.get("raw_path", b"").decode("latin-1"))


def _pattern(page: str) -> re.Pattern[str]:
    return re.compile("/".join("[^/]+" if part == ANY else re.escape(part) for part in page.split("/")))
