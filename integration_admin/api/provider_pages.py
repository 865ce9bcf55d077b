"""What the pages about signing in with an organisation's provider show. The routes are in provider_sign_in.py."""

from urllib.parse import urlencode

from integration_admin.api import html_parts as ui
from integration_admin.api.html_page import Reader
from integration_admin.api.markup import Markup, join, tag
from integration_admin.core.messages import msg
from integration_admin.services.identity_providers import START, Button, OwnConnection

FINISH, CONNECT, CONFIRM = "/auth/openid/finish", "/auth/openid/connect", "/auth/openid/confirm"


def question(reader: Reader, button: Button, target: str) -> Markup:
    """Draw the way to the provider of a sign-in address."""
    words = msg("Sign in with {name}", name=button.name)
    return join(
        tag("p", ui.link_button(reader.say(words), start(button, target))),
        ui.paragraph(ui.link(reader.say(msg("Sign in with a password")), "/sign-in")),
    )


def start(button: Button, target: str) -> str:
    """Return the address that sends a browser to the provider."""
    return f"{START}?{urlencode({'with': button.handle, 'next': target})}"


def step(reader: Reader, name: str, target: str) -> Markup:
    """Draw what follows the password where the provider is demanded."""
    told = msg(
        "Your organisation asks you to sign in with {name}. The first time this connects your account there with"
        " your account here; from then on you can go there at once, without the password.",
        name=name,
    )
    words = msg("Go on to {name}", name=name)
    address = f"{FINISH}?{urlencode({'next': target})}"
    return join(
        ui.paragraph(reader.say(told)),
        tag("p", ui.link_button(reader.say(words), address)),
    )


def own_connection(reader: Reader, own: OwnConnection | None, *, recent: bool) -> Markup | None:
    """Draw whether the reader's account is connected with the provider, and the way to change that."""
    if own is None:
        return None
    if own.since is not None:
        told = msg("Your account there is connected with your account here.")
        words = msg("Disconnect from {name}", name=own.name)
        press = ui.form(
            "/auth/openid/disconnect", ui.button(reader.say(words), variant="secondary", color="danger")
        )
    else:
        told = msg("Connect your account there with your account here, and you can sign in with it.")
        press = tag("p", ui.link_button(reader.say(msg("Connect with {name}", name=own.name)), CONNECT))
    shown = [ui.paragraph(reader.say(told)), *([press] if recent else [])]
    return ui.section(reader, "provider", msg("Sign in with {name}", name=own.name), *shown)


def confirm(reader: Reader, own: OwnConnection | None, target: str) -> Markup | None:
    """Draw the way to prove oneself at the provider, where that counts."""
    if own is None or not own.confirms:
        return None
    words = msg("Confirm with {name}", name=own.name)
    return tag("p", ui.link_button(reader.say(words), f"{CONFIRM}?{urlencode({'next': target})}"))


def going_on(reader: Reader, target: str) -> Markup:
    """Draw what is seen for a moment on the way back from the provider."""
    return tag("p", ui.link_button(reader.say(msg("Go on")), target))
