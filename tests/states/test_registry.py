"""What any websocket client could call in the real app: every handler of every imported state."""

from collections.abc import Iterator

import pytest
from reflex.istate.storage import ClientStorageBase
from reflex_base.registry import RegisteredEventHandler, RegistrationContext

from integration_admin.core.messages import Message
from integration_admin.core.statuses import Permission
from integration_admin.integration_admin import app
from integration_admin.services.audit_words import refused_place
from integration_admin.states.access import FRAMEWORK_EVENTS, UNUSED_EVENTS, AccessMiddleware

Handlers = dict[str, RegisteredEventHandler]


@pytest.fixture
def handlers() -> Handlers:
    """Every handler of the app and of Reflex, by its wire name; states of tests left out."""
    registered = app._registration_context or RegistrationContext.ensure_context()
    return {
        name: handler
        for name, handler in registered.event_handlers.items()
        if not handler.states[0].__module__.startswith("tests.")
    }


def ours(handlers: Handlers) -> Iterator[tuple[str, RegisteredEventHandler]]:
    """Leave out setvar, which is denied by its name."""
    for name, handler in handlers.items():
        if name.startswith("reflex___state____state.integration_admin") and not name.endswith(".setvar"):
            yield name, handler


def permission(handler: RegisteredEventHandler) -> Permission | None:
    return getattr(handler.handler.fn, "__permission__", None)


def test_every_handler_of_ours_says_what_it_demands(handlers: Handlers) -> None:
    assert len(dict(ours(handlers))) > 5
    assert [name for name, handler in ours(handlers) if permission(handler) is None] == []


def test_only_the_sign_in_page_runs_for_anybody(handlers: Handlers) -> None:
    open_to_all = [
        handler.handler.fn.__qualname__
        for _, handler in ours(handlers)
        if permission(handler) is Permission.ANYONE
    ]
    assert open_to_all == ["SignInState.load"]


def test_every_refusal_is_told_in_words(handlers: Handlers) -> None:
    guarded = [
        handler.handler.fn.__qualname__
        for _, handler in ours(handlers)
        if permission(handler) in {Permission.CONFIGURE, Permission.RUN}
    ]
    assert [name for name in guarded if not isinstance(refused_place(name), Message)] == []


def test_every_handler_of_reflex_is_known(handlers: Handlers) -> None:
    others = {
        (handler.states[0], name.rpartition(".")[2])
        for name, handler in handlers.items()
        if handler not in dict(ours(handlers)).values() and not name.endswith(".setvar")
    }
    assert others == FRAMEWORK_EVENTS | UNUSED_EVENTS


def test_the_guard_is_the_first_middleware_of_the_app() -> None:
    assert isinstance(app._middlewares[0], AccessMiddleware)


def test_no_var_can_be_set_by_the_browser() -> None:
    stored = [
        f"{state.__name__}.{name}"
        for state in RegistrationContext.ensure_context().base_states.values()
        for name, field in state.__fields__.items()
        if isinstance(field.default, ClientStorageBase)
    ]
    assert stored == []
