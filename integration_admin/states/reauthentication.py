"""Asking for the person's own password before a change. The password passes through an event and stays nowhere."""

import uuid
from urllib.parse import urlencode

import reflex as rx

from integration_admin.core.errors import IntegrationAdminError, PasswordNeeded, SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.signed_in import Principal
from integration_admin.states.access import current_principal, requires
from integration_admin.states.addresses import asked_integration
from integration_admin.states.forms import FormState
from integration_admin.states.speech import Speech


class ReauthenticationState(FormState, rx.State):
    """Whether the page asks for the password, and what became of the answer."""

    needed: bool = False
    asks_code: bool = False
    """Whether a code is asked for beside the password; right whenever the password is asked for."""
    passkey_page: str = ""
    """Where to prove oneself with a passkey instead, and come back from; empty for who has none."""
    provider_page: str = ""
    """The same with the organisation's sign-in provider, where that counts."""
    provider_name: str = ""
    confirmed: list[str] = []  # noqa: RUF012, Reflex copies defaults
    """The sentence that it worked; a new list takes the focus, which the form had."""

    _refused_at: str = ""
    """The state that was refused for want of the password; its errors are over once it is given."""

    @rx.event
    @requires(Permission.CONFIGURE)
    async def load(self) -> None:
        """Find out whether the integration the address names may be changed without the password.

        A page about no integration asks only when a change needs it.
        """
        self._clear()
        self.needed, self.confirmed, self._refused_at = False, [], ""
        integration_id = asked_integration(self.router.url)
        principal = await _signed_in()
        if integration_id is None:
            return
        try:
            if await container.current().reauthentication.is_needed(principal, integration_id):
                await self._ask(principal)
        except IntegrationAdminError:
            # What is wrong with the address is said by the state that shows what is there.
            return

    @rx.event
    @requires(Permission.CONFIGURE)
    async def confirm(self, form: dict) -> None:
        """Take the password."""
        principal = await _signed_in()
        speech = Speech(principal.language, principal.time_zone)
        self._clear()
        try:
            password = Secret(str(form.get("own_password", "")))
            code = str(form.get("code", ""))
            await container.current().reauthentication.confirm(principal, password, code)
        except IntegrationAdminError as error:
            self._refuse(error, speech)
            return
        self.needed = False
        self.confirmed = [
            speech.say(msg("Thank you. You can change the credentials for the next ten minutes."))
        ]
        self.times_told += 1
        if self._refused_at:
            refused = await self.get_state(rx.State.get_class_substate(self._refused_at))
            refused._clear()  # noqa: SLF001, a form's own, and hidden only from browsers
            self._refused_at = ""

    async def _ask(self, principal: Principal) -> None:
        """Show the question, with the field for a code and the ways to a passkey and a provider for those who have them."""
        again = container.current().reauthentication
        self.asks_code = await again.asks_code(principal)
        with_passkey = await again.has_passkey(principal)
        self.provider_name = await again.provider_name(principal)
        page = f"/settings/sign-in/confirm?{urlencode({'next': self.router.url.path})}"
        self.passkey_page = page if with_passkey else ""
        self.provider_page = page if self.provider_name else ""
        self.needed, self.confirmed = True, []


async def require_password(state: FormState, integration_id: uuid.UUID) -> None:
    """Raise PasswordNeeded, and have the page ask, where a change needs the password first.

    Not a method: every public method of a state can be called from the browser.
    """
    principal = await _signed_in()
    try:
        await container.current().reauthentication.require(principal, integration_id)
    except PasswordNeeded:
        await _have_asked(state, principal)
        raise


async def require_recent_password(state: FormState) -> None:
    """Raise PasswordNeeded, and have the page ask, unless the password was given lately."""
    principal = await _signed_in()
    try:
        container.current().reauthentication.require_recent(principal)
    except PasswordNeeded:
        await _have_asked(state, principal)
        raise


async def _have_asked(state: FormState, principal: Principal) -> None:
    asking = await state.get_state(ReauthenticationState)
    asking._refused_at = state.get_full_name()  # noqa: SLF001, a backend var is private to the browser, not to us
    await asking._ask(principal)  # noqa: SLF001, hidden only from browsers


async def _signed_in() -> Principal:
    principal = await current_principal()
    if principal is None:
        raise SignInRequired(msg("You have been signed out. Sign in to go on."))
    return principal
