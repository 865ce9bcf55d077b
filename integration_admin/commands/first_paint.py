"""What Reflex's build is made to do besides, so that a page is seen and read before its scripts have arrived."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reflex.plugins import Plugin

from integration_admin.api.prerendered import ANY

_ROUTER = "react-router.config.js"
_STATIC_ONLY = '"prerender": true'
_PLACE = re.compile(r"\[[^]]+\]")
"""Where a route has something that differs from address to address."""
_SCRIPT_LINK = '<link rel="modulepreload"'


class PrerenderEveryPage(Plugin):
    """Prerenders the pages whose address holds an id, too; React Router leaves those out.

    They hold nothing of what the id stands for: that comes with the state, as on every page.
    """

    def __init__(self) -> None:
        self._addresses: Sequence[str] = ()

    def pre_compile(self, **context: Any) -> None:
        """Add an address to prerender for each such page, with `ANY` in the place of an id."""
        routes = (page.route for page in context["unevaluated_pages"])
        self._addresses = sorted({f"/{_PLACE.sub(ANY, route)}" for route in routes if _PLACE.search(route)})
        context["add_modify_task"](_ROUTER, self._configured)

    def post_build(self, **context: Any) -> None:
        """Raise RuntimeError when one of them is missing, as when Reflex configures React Router otherwise."""
        site = Path(context["static_dir"])
        missing = [path for path in self._addresses if not (site / path[1:] / "index.html").exists()]
        if missing:
            detail = f"Not prerendered: {', '.join(missing)}. Reflex has changed how it asks for it."
            raise RuntimeError(detail)

    def _configured(self, config: str) -> str:
        listed = ", ".join(f'"{address}"' for address in self._addresses)
        return config.replace(
            _STATIC_ONLY, f'"prerender": ({{ getStaticPaths }}) => [...getStaticPaths(), {listed}]'
        )


class StylesFirst(Plugin):
    """Lets the style sheet have the network to itself: without it nothing is painted, without scripts all is."""

    def post_build(self, **context: Any) -> None:
        """Take the scripts' precedence in every page. Raises RuntimeError when a page names none beforehand."""
        for page in Path(context["static_dir"]).rglob("*.html"):
            whole = page.read_text()
            if _SCRIPT_LINK not in whole:
                detail = f"{page.name} names no scripts beforehand; React Router has changed how it does."
                raise RuntimeError(detail)
            page.write_text(whole.replace(_SCRIPT_LINK, f'{_SCRIPT_LINK} fetchpriority="low"'))
