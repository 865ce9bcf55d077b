"""Whole pages written on the server, for what must not go through Reflex: its vars are pickled and go over the socket.

They look like all other pages: the same classes, header and footer. Their one script, beside one that is named, keeps a
form from being sent twice; they work without it.
"""

from dataclasses import dataclass
from pathlib import Path

from fastapi.responses import HTMLResponse

from integration_admin.api.markup import Content, Markup, join, tag
from integration_admin.core.messages import Message, msg

PRODUCT = "Integration Admin"
LANGUAGE_NAMES = {"nb": "Bokmål", "nn": "Nynorsk", "en": "English"}
_ONCE = "/once.js"
_BUILT_STYLES = "assets/__reflex_global_styles-*.css"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page: in which language, and by what name if somebody is signed in."""

    language: str
    name: str = ""
    organisation: str = ""
    administers: bool = False

    def say(self, message: Message) -> str:
        """Return a sentence in the reader's language."""
        return message.translate(self.language)


class Pages:
    """Writes pages; `site` is the folder of the built frontend, whose style sheet they share."""

    def __init__(self, site: Path) -> None:
        built = sorted(site.glob(_BUILT_STYLES))
        self._styles = f"/{built[0].relative_to(site).as_posix()}" if built else "/app.css"

    def page(
        self,
        reader: Reader,
        title: Message,
        *body: Content,
        status: int = 200,
        script: str = "",
        leads_to: str = "",
    ) -> HTMLResponse:
        """Return a page; `title` is its h1, `script` the address of a script of ours.

        One that `leads_to` an address goes on there by itself.
        """
        heading = reader.say(title)
        head = tag(
            "head",
            tag("meta", charset="utf-8"),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("title", f"{heading} | {PRODUCT}"),
            tag("link", rel="icon", href="/favicon.svg", type="image/svg+xml"),
            tag("link", rel="stylesheet", href=self._styles),
            tag("script", src=_ONCE, defer=True),
            tag("script", src=script, defer=True) if script else None,
            tag("meta", http_equiv="refresh", content=f"0;url={leads_to}") if leads_to else None,
        )
        main = tag(
            "main",
            tag("h1", heading, class_="ds-heading", data_size="md", tabindex="-1"),
            *body,
            id="main",
            tabindex="-1",
            class_="app-main app-stack app-stack--large",
        )
        skip = tag("a", reader.say(msg("Skip to content")), class_="ds-skip-link", href="#main")
        whole = tag("body", skip, _header(reader), main, _footer(reader))
        html = tag("html", head, whole, lang=reader.language, data_color_scheme="auto")
        return HTMLResponse(f"<!doctype html>{html}", status, headers={"Cache-Control": "no-store"})


def _header(reader: Reader) -> Markup:
    brand = tag("a", PRODUCT, class_="app-brand", href="/settings/integrations")
    organisation = tag("span", reader.organisation, class_="app-organisation") if reader.name else None
    side = tag("div", _languages(reader), _leave(reader) if reader.name else None, class_="app-row")
    bar = tag("div", tag("div", brand, organisation), side, class_="app-bar")
    return tag("header", bar, _navigation(reader) if reader.name else None, class_="app-header")


def _languages(reader: Reader) -> Markup:
    choices = [
        tag(
            "button",
            name,
            type="submit",
            name="language",
            value=code,
            lang=code,
            class_="ds-button",
            data_variant="tertiary",
            data_color="neutral",
            data_size="sm",
            aria_pressed="true" if code == reader.language else "false",
        )
        for code, name in LANGUAGE_NAMES.items()
    ]
    return tag(
        "form",
        *choices,
        action="/auth/language",
        method="post",
        class_="app-languages",
        aria_label=reader.say(msg("Language")),
    )


def _leave(reader: Reader) -> Markup:
    """Draw who is signed in, and the way out."""
    sign_out = tag(
        "button",
        reader.say(msg("Sign out")),
        type="submit",
        class_="ds-button",
        data_variant="secondary",
        data_color="accent",
        data_size="sm",
    )
    leave = tag("form", sign_out, action="/auth/sign-out", method="post")
    about = tag("span", f" – {reader.say(msg('Your sign-in'))}", class_="ds-sr-only")
    person = tag("a", reader.name, about, class_="ds-link app-person", href="/settings/sign-in")
    return join(person, leave)


def _navigation(reader: Reader) -> Markup:
    parts = [
        ("/settings/integrations", msg("Integrations")),
        ("/records", msg("Records")),
    ]
    if reader.administers:
        parts += [("/settings/organisation", msg("Organisation")), ("/settings/audit-log", msg("Audit log"))]
    items = [tag("li", tag("a", reader.say(text), href=address)) for address, text in parts]
    return tag("nav", tag("ul", *items), class_="app-nav", aria_label=reader.say(msg("Main menu")))


def _footer(reader: Reader) -> Markup:
    promise = reader.say(msg("Each approved expense claim is sent to your accounting system exactly once."))
    return tag("footer", tag("p", promise, class_="app-bar"), class_="app-footer")
