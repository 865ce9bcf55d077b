"""What Reflex's build is made to do besides, so that the scripts keep a phone's processor from the page for less long.

When which file is asked for is in first_paint.py.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reflex.plugins import Plugin

_BUNDLER = "vite.config.js"
_ALIASES = "alias: ["
_STATES = "utils/context.jsx"
_NO_COOKIES_KEPT = '"cookies": {}'
_ENTRY = "app/entry.client.js"
_BEGIN = "startTransition(() => {\n  hydrateRoot(document, createElement(HydratedRouter));\n});"
_BEGIN_APART = f"queueMicrotask(() => {_BEGIN[:-1]});"
_LIBRARY = "universal-cookie"
_IN_ITS_PLACE = "no-cookies.js"
_NO_COOKIES = "export default class Cookies {}\n"
_HINT = "//# allFunctionsCalledOnLoad\n"
_BEFOREHAND = re.compile(r"=Error\((\w+\((?:460|461|474|519|542)\))\)")
"""React's markers for what waits, which it makes before it knows whether anything will; each is told by its number."""
_MARKERS = 5


class NoCookies(Plugin):
    """Leaves out the library with which Reflex reads cookies in the browser: no state of ours keeps one there.

    It asks for all cookies when it is loaded, for which the page waits.
    """

    def pre_compile(self, **context: Any) -> None:
        """Put an empty class in its place. Raises RuntimeError when a state keeps a cookie after all."""
        context["add_save_task"](lambda: (_IN_ITS_PLACE, _NO_COOKIES))
        context["add_modify_task"](_BUNDLER, self._configured)
        context["add_modify_task"](_STATES, self._checked)

    def _configured(self, config: str) -> str:
        alias = f'{{ find: "{_LIBRARY}", replacement: fileURLToPath(new URL("./{_IN_ITS_PLACE}", import.meta.url)) }},'
        return _replaced(config, _ALIASES, f"{_ALIASES}\n      {alias}")

    def _checked(self, states: str) -> str:
        return _replaced(states, _NO_COOKIES_KEPT, _NO_COOKIES_KEPT)


class CompiledAhead(Plugin):
    """Has browsers compile the scripts while they arrive, beside the page; otherwise each function stops it once.

    Chromium reads the comment (explicit compile hints, since version 136); to all others it is one.
    """

    def post_build(self, **context: Any) -> None:
        """Put the comment at the beginning of every script."""
        for chunk in _scripts(Path(context["static_dir"])):
            chunk.write_text(_HINT + chunk.read_text())


class BegunApart(Plugin):
    """Lets React begin once its file has been read to the end, and not from within it.

    What inspects the page asks where each of its first steps came from, and is told by reading what it came from
    again; so that is not the whole file.
    """

    def pre_compile(self, **context: Any) -> None:
        """Change the script every page begins with. Raises RuntimeError when Reflex has another."""
        context["add_modify_task"](_ENTRY, lambda entry: _replaced(entry, _BEGIN, _BEGIN_APART))


class NoErrorsBeforehand(Plugin):
    """Lets React begin without making errors that nobody may ever see.

    Where a person or a program inspects the page, making one means reading all of React's file again for the
    lines it came from. The markers are compared and never printed, so they do not need those.
    """

    def post_build(self, **context: Any) -> None:
        """Make the markers without their lines. Raises RuntimeError when React has others."""
        found = sum(map(_without_lines, _scripts(Path(context["static_dir"]))))
        if found != _MARKERS:
            detail = f"React makes {found} of {_MARKERS} known errors beforehand; it has changed them."
            raise RuntimeError(detail)


def _without_lines(chunk: Path) -> int:
    code, count = _BEFOREHAND.subn(
        r"=Object.assign(Object.create(Error.prototype),{message:\1})", chunk.read_text()
    )
    if count:
        chunk.write_text(code)
    return count


def _scripts(site: Path) -> Iterator[Path]:
    yield from sorted((site / "assets").glob("*.js"))


def _replaced(text: str, what: str, by: str) -> str:
    if what not in text:
        detail = f"{what!r} was not found; Reflex has changed what it writes for the build."
        raise RuntimeError(detail)
    return text.replace(what, by, 1)
