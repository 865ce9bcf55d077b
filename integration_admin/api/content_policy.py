"""What pages may load and run (Content-Security-Policy), worked out from the pages that were built."""

import base64
import hashlib
from html.parser import HTMLParser
from pathlib import Path

from integration_admin.core.settings import Settings


def content_policy(settings: Settings, site: Path) -> str:
    """Return the header's value: only our own files, and of inline scripts only those of the built pages.

    `site` is the folder of the built frontend; before it is built no inline script is allowed.
    """
    scripts = sorted({script for page in site.rglob("*.html") for script in _inline_scripts(page)})
    socket = settings.public_url.replace("http", "ws", 1)
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *map(_source, scripts)]),
        # Emotion adds rules by script to an element that starts empty; styles written in the page stay out.
        "style-src": f"'self' {_source('')}",
        "img-src": "'self' data:",
        "font-src": "'self'",
        # Not every browser counts a websocket to the same host as 'self'.
        "connect-src": f"'self' {socket}",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "object-src": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _source(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _inline_scripts(page: Path) -> list[str]:
    reader = _InlineScripts()
    reader.feed(page.read_text())
    return reader.found


class _InlineScripts(HTMLParser):
    """Collects the text of scripts that have no address."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin collecting where a script has no src."""
        self._inside = tag == "script" and "src" not in dict(attrs)
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        """Stop collecting."""
        del tag
        self._inside = False

    def handle_data(self, data: str) -> None:
        """Collect; the parser may hand over a script's text in pieces."""
        if self._inside:
            self.found[-1] += data
