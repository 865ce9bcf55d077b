"""Who is signed in, as pages show it. The sign-in itself is an HTTP form; see api/auth.py."""

from urllib.parse import urlencode

import reflex as rx
from reflex_base.event.context import EventContext

from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.identity_providers import LEAVE, START
from integration_admin.services.languages import language_of
from integration_admin.states.access import SIGN_IN_PAGE, current_principal, requires
from integration_admin.states.language import LanguageState
from integration_admin.states.shell import ShellState

HOME = "/settings/integrations"
_LONGEST_WAIT_MINUTES = 60


class SessionState(rx.State):
    """What the signed-in member may do, for hiding what would be refused; services refuse it anyway."""

    role: str = ""
    can_run: bool = False
    can_configure: bool = False

    @rx.event
    @requires(Permission.VIEW)
    async def load(self) -> rx.event.EventSpec | None:
        """Show who is signed in, in their language; every page has this first in its on_load."""
        principal = await current_principal()
        if principal is None:
            return rx.redirect(SIGN_IN_PAGE)
        self.role = principal.actor.role.value
        self.can_run = principal.actor.may(Permission.RUN)
        self.can_configure = principal.actor.may(Permission.CONFIGURE)
        shell = await self.get_state(ShellState)
        shell.organisation, shell.person, shell.problem = principal.organisation, principal.actor.name, ""
        shell.administers = self.can_configure
        (await self.get_state(LanguageState)).language = principal.language
        return None


class SignInState(rx.State):
    """What the sign-in page says: whether the last attempt failed, and where to go afterwards."""

    failed: bool = False
    over: bool = False
    """Whether the second step took too long or went wrong too often."""
    passkey_page: str = ""
    """Where to sign in with a passkey; empty where browsers make none for this address."""
    provider_page: str = ""
    """Where to sign in with the organisation's provider; empty in a browser in which nobody has come in by its sign-in address."""
    provider_name: str = ""
    leave_page: str = ""
    """Where to sign out at the provider, of which signing out here says nothing."""
    wait_minutes: int = 0
    next_path: str = ""

    @rx.event
    @requires(Permission.ANYONE)
    async def load(self) -> rx.event.EventSpec | None:
        """Read what the form's answer put into the address."""
        if await current_principal() is not None:
            return rx.redirect(HOME)
        asked = self.router.url.query_parameters
        self.failed, self.over = "failed" in asked, "over" in asked
        self.wait_minutes = _minutes(asked.get("wait", ""))
        self.next_path = asked.get("next", "")[:500]
        with_passkeys = container.current().factors.passkeys.available
        next_page = urlencode({"next": self.next_path})
        self.passkey_page = f"/sign-in/passkey?{next_page}" if with_passkeys else ""
        headers = EventContext.get().router_data.get("headers", {})
        provider = container.current().factors.provider
        button = await provider.button(provider.handle_in(headers.get("cookie", "")))
        self.provider_name = button.name if button else ""
        self.provider_page = f"{START}?{urlencode({'with': button.handle})}&{next_page}" if button else ""
        self.leave_page = LEAVE if button and "out" in asked else ""
        language = await self.get_state(LanguageState)
        language.language = language_of(headers.get("cookie", ""), headers.get("accept-language", ""))
        return None


def _minutes(seconds: str) -> int:
    """Return whole minutes, rounded up, of what the address says; anything else is no wait."""
    if not seconds.isascii() or not seconds.isdigit():
        return 0
    return min(-(-int(seconds[:6]) // 60), _LONGEST_WAIT_MINUTES)
