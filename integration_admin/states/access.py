"""Who may run which event handler. Every event passes here before its handler, whatever sent it.

Handlers say what they demand with `requires`; one that says nothing never runs. Which rows a
caller may see is decided again in the services.
"""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar
from urllib.parse import urldefrag, urlencode

import reflex as rx
import structlog
from reflex.middleware import Middleware
from reflex.state import (
    BaseState,
    FrontendEventExceptionState,
    OnLoadInternalState,
    State,
    StateUpdate,
    UpdateVarsInternalState,
    _resolve_delta,
)
from reflex_base.event import Event
from reflex_base.event.context import EventContext
from reflex_base.registry import RegisteredEventHandler, RegistrationContext

from integration_admin.core.errors import NotPermitted
from integration_admin.core.statuses import Permission
from integration_admin.services import container
from integration_admin.services.signed_in import SESSION_SCHEME, Principal
from integration_admin.states.forms import FormState
from integration_admin.states.payloads import fits
from integration_admin.states.shell import ShellState

SIGN_IN_PAGE = "/sign-in"

FRAMEWORK_EVENTS = frozenset(
    {
        (State, "hydrate"),
        (State, "hydrate_and_load"),
        (State, "set_is_hydrated"),
        (OnLoadInternalState, "on_load_internal"),
        (OnLoadInternalState, "set_is_hydrated"),
        (FrontendEventExceptionState, "handle_frontend_exception"),
    }
)
"""Reflex's own handlers that its frontend needs; they touch no data of ours."""
UNUSED_EVENTS = frozenset({(UpdateVarsInternalState, "update_vars_internal")})
"""Reflex's own handlers that never run: it takes in what browsers have stored, and no var of ours is stored there."""
_LOADS_A_PAGE = (OnLoadInternalState, "on_load_internal")
_HYDRATES = frozenset({(State, "hydrate"), (State, "hydrate_and_load")})
_NOBODY = "nobody"

_Handler = TypeVar("_Handler", bound=Callable[..., Any])

_checked: ContextVar[tuple[EventContext, Principal | None] | None] = ContextVar("checked", default=None)
"""Whom the check of an event found, for that event's handler alone."""

log = structlog.get_logger(__name__)


class AccessState(rx.State):
    """Remembers whom the state tree was filled for; a browser tab keeps its tree across sign-ins."""

    _filled_for: str = ""
    _shows: str = ""
    """The address of the page that was read last."""


def requires(permission: Permission) -> Callable[[_Handler], _Handler]:
    """Say what a handler demands; stands below `@rx.event`."""

    def mark(handler: _Handler) -> _Handler:
        handler.__permission__ = permission  # type: ignore[attr-defined]  # functions take attributes
        return handler

    return mark


def keeps_what_is_typed(load: _Handler) -> _Handler:
    """Say that what reads a page draws no form anew, so that it reads again after a lost connection; below `@rx.event`."""
    load.__keeps_what_is_typed__ = True  # type: ignore[attr-defined]  # functions take attributes
    return load


def goes_on(handler: _Handler) -> _Handler:
    """Say that a handler is begun anew after a lost connection while its state is `running`; below `@rx.event`."""
    handler.__goes_on__ = True  # type: ignore[attr-defined]  # functions take attributes
    return handler


async def shows_now(state: BaseState, query: str) -> None:
    """Note what a page is about to write into its address: it stays the page that was read last."""
    path = _address().partition("?")[0]
    (await state.get_state(AccessState))._shows = f"{path}?{query}" if query else path  # noqa: SLF001


def is_handler(name: str) -> bool:
    """Tell whether there is an event handler of this name, as the browser writes it."""
    return name in RegistrationContext.get().event_handlers


async def current_principal() -> Principal | None:
    """Return who sent the event being handled; asked of the database anew, never of the state.

    Only the first question of an event's handler is answered by what the check before it has just found. One that
    works in the background may begin later, and asks anew.
    """
    checked = _checked.get()
    _checked.set(None)
    if checked is not None and checked[0] is EventContext.get():
        return checked[1]
    return await _asked_anew()


async def _asked_anew() -> Principal | None:
    """Return whose session it is. The state may hold the headers of an earlier connection; the event has its own."""
    headers = EventContext.get().router_data.get("headers", {})
    scheme, _, token_hash = headers.get("authorization", "").partition(" ")
    if scheme != SESSION_SCHEME or not token_hash:
        return None
    return await container.current().sign_in.resolve_fingerprint(token_hash)


class AccessMiddleware(Middleware):
    """Binds the state tree to whoever filled it, and lets only permitted handlers run."""

    async def preprocess(self, app: Any, state: BaseState, event: Event) -> StateUpdate | None:
        """Return None to let the handler run, or what is sent to the browser instead."""
        del app
        registered = RegistrationContext.get().event_handlers[event.name]
        what = (registered.states[0], event.name.rpartition(".")[2])
        if not fits(registered.handler.fn, event.payload):
            log.warning("access.malformed", handler=event.name)
            return StateUpdate()
        principal = await _asked_anew()
        if not registered.handler.is_background:
            _checked.set((EventContext.get(), principal))
        if await _is_anothers(state, principal):
            await _empty(state, principal)
            if what not in _HYDRATES:
                return await _start_over(state, principal)
        elif what in _HYDRATES and principal and await _is_back(state, event):
            return await _go_on(state)
        elif what in _HYDRATES:
            await _forget_what_was_told(state)
        if what == _LOADS_A_PAGE:
            (await state.get_state(AccessState))._shows = _address()  # noqa: SLF001
        if what in FRAMEWORK_EVENTS:
            return None
        return await _refusal(state, principal, registered, event.name)


async def _is_anothers(state: BaseState, principal: Principal | None) -> bool:
    """Tell whether the tree holds what somebody else may see; a new tree is taken into possession."""
    access = await state.get_state(AccessState)
    key = principal.key if principal else _NOBODY
    if not access._filled_for:  # noqa: SLF001  # a backend var is private to the browser, not to us
        access._filled_for = key  # noqa: SLF001
    return access._filled_for != key  # noqa: SLF001


async def _empty(state: BaseState, principal: Principal | None) -> None:
    """Forget everything and take possession; with Redis the parts not loaded yet are fetched first."""
    for known in RegistrationContext.get().base_states.values():
        await state.get_state(known)
    root = state._get_root_state()  # noqa: SLF001  # Reflex has no public name for it
    drawn = root.is_hydrated
    root.reset()
    root.is_hydrated = drawn
    access = await state.get_state(AccessState)
    access._filled_for = principal.key if principal else _NOBODY  # noqa: SLF001


def _address() -> str:
    """Return which page it is, not at which of its places: the skip link and a refused form's errors lead to some."""
    return urldefrag(str(EventContext.get().router_data.get("asPath", ""))).url


async def _is_back(state: BaseState, event: Event) -> bool:
    """Tell whether a page whose connection was lost is there again, as it was: only a new one brings hashes along."""
    access = await state.get_state(AccessState)
    drawn = state._get_root_state().is_hydrated  # noqa: SLF001
    return drawn and "hashes" not in event.payload and access._shows == _address()  # noqa: SLF001


async def _go_on(state: BaseState) -> StateUpdate:
    """Send what may have been lost on the way, and nothing that draws a form anew: what is typed in it stays.

    What the page was following or looking at goes on, and how things stand is read again.
    """
    root = state._get_root_state()  # noqa: SLF001
    handlers, loads = RegistrationContext.get().event_handlers, _loads_of(root)
    shown = {handlers[load.name].states[0] for load in loads}
    ended = []
    # With Redis the parts not loaded yet are fetched first.
    for known in RegistrationContext.get().base_states.values():
        part = await state.get_state(known)
        # With the connection Reflex has ended what began when the page was read.
        if known in shown and getattr(part, "running", False):
            ended += [one for one in known.event_handlers.values() if hasattr(one.fn, "__goes_on__")]
    delta = await _resolve_delta(root.dict())
    root._clean()  # noqa: SLF001
    again = [load for load in loads if hasattr(handlers[load.name].handler.fn, "__keeps_what_is_typed__")]
    return StateUpdate(delta=delta, events=[*again, *Event.from_event_type(ended)])


async def _forget_what_was_told(state: BaseState) -> None:
    """Forget what was refused or announced before a page is opened anew: it would be read out again before it is read."""
    # With Redis the parts not loaded yet are fetched first.
    for known in RegistrationContext.get().base_states.values():
        part = await state.get_state(known)
        if isinstance(part, FormState):
            part._forget_told()  # noqa: SLF001, hidden only from browsers


def _loads_of(root: BaseState) -> list[Event]:
    """Return what reads the page that is shown."""
    loads: Any = RegistrationContext.get().app.get_load_events(root.rx_router_url.path)
    return Event.from_event_type(loads)


async def _start_over(state: BaseState, principal: Principal | None) -> StateUpdate:
    """Empty the browser too; then sign in again or, with another role, load the page again."""
    again = Event.from_event_type([OnLoadInternalState.on_load_internal]) if principal else _to_sign_in()
    return await _changes(state, again)


async def _refusal(
    state: BaseState, principal: Principal | None, registered: RegisteredEventHandler, name: str
) -> StateUpdate | None:
    """Return why the handler does not run; None when it may."""
    demanded = getattr(registered.handler.fn, "__permission__", None)
    if demanded is None or name.endswith(".setvar"):
        log.warning("access.unmarked", handler=name)
        return StateUpdate()
    if demanded is Permission.ANYONE:
        return None
    if principal is None:
        return StateUpdate(events=_to_sign_in())
    if principal.actor.may(demanded):
        return None
    log.warning("access.denied", handler=name, session=str(principal.session_id))
    await container.current().sign_in.note_denied(principal.actor, registered.handler.fn.__qualname__)
    shell = await state.get_state(ShellState)
    shell.problem = NotPermitted().message.translate(principal.language)
    return await _changes(state)


async def _changes(state: BaseState, then: Sequence[Event] = ()) -> StateUpdate:
    """Return what has changed in the tree, to be sent now because no handler will, and what follows it."""
    root = state._get_root_state()  # noqa: SLF001  # Reflex has no public name for it
    delta = await root._get_resolved_delta()  # noqa: SLF001
    root._clean()  # noqa: SLF001
    return StateUpdate(delta=delta, events=list(then))


def _to_sign_in() -> list[Event]:
    """Lead to the sign-in page, and from there back to where the event came from."""
    path = _address()
    query = "" if not path or path.startswith(SIGN_IN_PAGE) else f"?{urlencode({'next': path})}"
    return Event.from_event_type([rx.redirect(SIGN_IN_PAGE + query)])
