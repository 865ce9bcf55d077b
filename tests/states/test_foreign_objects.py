"""Every handler of the app, called by every role with another organisation's ids: as if nothing of the kind existed."""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event
from reflex_base.registry import RegisteredEventHandler, RegistrationContext

from integration_admin.bootstrap import Application
from integration_admin.core.statuses import ROLE_PERMISSIONS, Permission, Role
from integration_admin.data.repositories.audit import AuditFilter
from integration_admin.integration_admin import app
from integration_admin.states.access import AccessMiddleware
from tests.foreign import NAMES, Installation, Subject, install, rows_of, running
from tests.states.tab import Tab, open_tab

OURS = "reflex___state____state.integration_admin"
WHO = ("administrator", "coordinator", "viewer", "nobody")
FORM = {"voucher_number": "4711", "name": "x", "reason": "A test tries it.", "role": "viewer"}
"""What a form has besides the objects it names."""
TYPED = {"list_name": "accounts", "words": "7140", "answer": "now"}
"""What a handler may be called with besides the objects it names."""

NAMES_NOTHING = {
    "ApiTokensState.load",
    "ApiTokensState.make",
    "AuditLogState.filter",
    "AuditLogState.load",
    "AuditLogState.more",
    "AuditLogState.verify",
    "CredentialState.choose",
    "DashboardState.load",
    "DescriptionState.load",
    "DescriptionState.read",
    "HealthState.turn_trend",
    "MappingState.choose",
    "MappingState.type_own",
    "MembersState.invite",
    "MembersState.load",
    "NoticesState.load",
    "NoticesState.renew_key",
    "NoticesState.save",
    "NoticesState.test",
    "ReauthenticationState.confirm",
    "RecordsState.load",
    "RecordsState.more",
    "RecordsState.search",
    "ScheduleState.preview",
    "SessionState.load",
    "SignInState.load",
    "ValueMapState.assign",
    "ValueMapState.load",
    "ValueMapState.read",
    "WizardState.choose_type",
}
"""Handlers that are given no object: what they show is the signed-in person's own organisation, or what was typed."""
TRIED_ELSEWHERE = {
    "HealthState.follow": "it looks only while a run that was shown is under way, by what `load` looks with",
    "HealthState.retry": "the handlers before it have left nothing to retry; see tests/services",
    "HealthState.answer_missed": "once the question is answered, ours is like one that was never asked",
    "MembersState.withdraw": "the handler before it has made a new invitation in place of ours; see test_organisation",
    "MappingState.search": "what it offers depends on the lists that another handler has read anew; see tests/states",
    "ReauthenticationState.load": "it needs a password that was given long ago; see tests/services",
    "RunState.follow": "it looks only while a run that was shown is under way, by what `load` looks with",
    "ScheduleState.answer_missed": "once the question is answered, ours is like one that was never asked",
    "ScheduleState.load_in_wizard": "the address is of another step here; `load`, which it leads to, is tried",
    "ScheduleState.save": "its form's `kind` is the schedule's, here a record's; see tests/services",
}
"""Handlers that do not get as far as the object in this walk."""


@dataclass(frozen=True, slots=True)
class Walk:
    """All handlers called as one role about one subject: the answers by handler, and the audit lines of refusals."""

    answers: dict[str, str]
    refused: list[str]


Walks = dict[tuple[str, str], Walk]


class Poisoned(AccessMiddleware):
    """The app's own guard; behind it the handler's state holds ids that a stranger has chosen."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    async def preprocess(self, app: Any, state: BaseState, event: Event) -> StateUpdate | None:
        """Let through what the guard lets through, with every id of the state replaced."""
        refused = await super().preprocess(app, state, event)
        if refused is not None or not event.name.startswith(OURS):
            return refused
        if self._subject.whose == "ours" and event.name.endswith(".follow"):
            # Nobody carries out the run of ours that it would follow.
            return StateUpdate()
        registered = RegistrationContext.get().event_handlers[event.name]
        own = await state.get_state(registered.states[0])
        # Nothing is left of the handler before.
        own.reset()
        for name, value in self._values(asks_for_cause="key" in event.payload).items():
            if name in own.base_vars:
                setattr(own, name, value)
        return None

    def _values(self, *, asks_for_cause: bool) -> dict[str, Any]:
        ids = {f"{kind}_id": value for kind, value in self._subject.ids.items()}
        line = {name: self._subject.named(name) for name in ("reference", "kind", "record")}
        return ids | {
            "run": {"id": self._subject.ids["run"]},
            "decisions": [line | {"may_send_again": True}],
            "id": self._subject.ids["reconciliation"],
            "period": self._subject.named("period"),
            "opened": "" if asks_for_cause else self._subject.cause,
            "next_cursor": "sent|0",
            "next_records": 1,
            "next_causes": self._subject.cause,
            "next_after": 1,
            "ready": True,
        }


def handlers() -> dict[str, RegisteredEventHandler]:
    registered = app._registration_context or RegistrationContext.ensure_context()
    return {
        name: handler
        for name, handler in sorted(registered.event_handlers.items())
        if name.startswith(OURS) and not name.endswith(".setvar")
    }


def demanded(handler: RegisteredEventHandler) -> Permission:
    permission: Permission = handler.handler.fn.__permission__  # type: ignore[attr-defined]  # set by `requires`
    return permission


def called(handler: RegisteredEventHandler) -> str:
    return str(handler.handler.fn.__qualname__)


def addresses() -> dict[str, str]:
    """Return the route of the first page that loads each handler's state, by the state's name."""
    registered = app._registration_context or RegistrationContext.ensure_context()
    found: dict[str, str] = {}
    for _, page in registered.decorated_pages:
        on_load = page.get("on_load") or []
        for loader in on_load if isinstance(on_load, list) else [on_load]:
            name = str(getattr(loader, "fn", loader).__qualname__)
            found.setdefault(name, page["route"])
            found.setdefault(name.partition(".")[0], page["route"])
    return found


def address_of(handler: RegisteredEventHandler, subject: Subject, routes: Mapping[str, str]) -> str:
    """Fill in the route of a handler's page; whatever is not on a page is called from an integration's."""
    name = called(handler)
    route = routes.get(name) or routes.get(handler.states[0].__name__) or "/settings/integrations/[id]"
    for part in re.findall(r"\[(\w+)\]", route):
        is_record = part == "id" and route.startswith("/records")
        route = route.replace(f"[{part}]", subject.record if is_record else subject.named(part) or "")
    return f"{route}?id={subject.ids['integration']}&step=mapping"


def payload_of(handler: RegisteredEventHandler, subject: Subject) -> dict[str, Any]:
    """Give each parameter what it names of the subject, and anything of its type where it names nothing."""
    objects = [*subject.ids, *(f"{kind}_id" for kind in subject.ids), "record", "kind", "reference", "cause"]
    form = {name: subject.named(name) for name in objects} | FORM
    other: dict[Any, Any] = {dict: form, bool: True, int: 1, str: "x"}
    parameters = list(inspect.signature(handler.handler.fn).parameters.values())[1:]
    return {
        parameter.name: subject.named(parameter.name) or other[parameter.annotation]
        for parameter in parameters
    }


async def call(tab: Tab, name: str, handler: RegisteredEventHandler, subject: Subject, address: str) -> str:
    """Send one event and return all that came of it, without what was named."""
    tab.received.clear()
    for heard in (tab.redirects, tab.downloads, tab.written):
        heard.clear()
    tab.address, failed = address, ""
    try:
        await tab.send(name, **payload_of(handler, subject))
    except Exception as error:  # noqa: BLE001, that it breaks is an answer too, and must be the same one
        failed = type(error).__name__
    heard = {
        state: {n: v for n, v in vars_.items() if n != "router"} for state, vars_ in tab.received.items()
    }
    said = json.dumps([heard, tab.redirects, tab.downloads, tab.written, failed], default=str, sort_keys=True)
    return subject.plain(said)


def may(who: str, handler: RegisteredEventHandler) -> bool:
    """Tell whether a role's events reach a handler."""
    demands = demanded(handler)
    return demands is Permission.ANYONE or (who != "nobody" and demands in ROLE_PERMISSIONS[Role(who)])


async def walk(installation: Installation, application: Application, subject: Subject, who: str) -> Walk:
    """Call every handler in one tab as one role; where nothing is there, those that would run."""
    answers: dict[str, str] = {}
    routes = addresses()
    # What a refusal leaves on the page must not stand between the answers that are compared.
    order = [*((name, one) for name, one in handlers().items() if may(who, one))]
    if subject.whose == "theirs":
        order += [(name, one) for name, one in handlers().items() if not may(who, one)]
    async with open_tab({}, Poisoned(subject), on_error=lambda _: None) as tab:
        await tab.connect(installation.sessions.get(who), "/")
        for name, handler in order:
            answers[called(handler)] = await call(
                tab, name, handler, subject, address_of(handler, subject, routes)
            )
    async with application.database.read(installation.ours.id) as unit:
        lines = await unit.audit.page(AuditFilter(actions=["access.denied"]), None, 1000)
    return Walk(answers, [line.target for line in lines if line.actor == NAMES.get(who)])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def walks(
    new_sqlite_url: Callable[[], str],
    copy_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Walks:
    """Every role's walk about another organisation's objects and about none, and an administrator's about ours."""
    installation = await install(new_sqlite_url(), tmp_path_factory.mktemp("foreign") / "keys")
    done: Walks = {}
    for whose, subject in installation.subjects.items():
        async with running(installation, copy_database(installation.url)) as application:
            before = await rows_of(application, installation.theirs)
            for who in WHO if whose != "ours" else WHO[:1]:
                done[whose, who] = await walk(installation, application, subject, who)
            assert await rows_of(application, installation.theirs) == before, (
                f"{whose}: rows of theirs changed"
            )
    return done


@pytest.mark.parametrize("who", WHO)
def test_what_is_answered_about_anothers_object_is_what_is_answered_about_none(
    walks: Walks, who: str
) -> None:
    about_theirs, about_none = walks["theirs", who].answers, walks["missing", who].answers
    assert about_theirs.keys() == {called(handler) for handler in handlers().values()}
    told = {
        name: (about_theirs[name], answer)
        for name, answer in about_none.items()
        if about_theirs[name] != answer
    }
    assert told == {}


@pytest.mark.parametrize("who", ["coordinator", "viewer"])
def test_whatever_a_role_was_refused_is_in_its_own_organisations_audit_log(walks: Walks, who: str) -> None:
    refused = [called(handler) for handler in handlers().values() if not may(who, handler)]
    assert len(refused) > 20
    assert sorted(walks["theirs", who].refused) == sorted(refused)


def test_nobody_signed_in_is_sent_to_sign_in_by_every_handler_but_the_sign_in_pages_own(walks: Walks) -> None:
    answers = walks["theirs", "nobody"].answers
    elsewhere = {name for name, answer in answers.items() if '["/sign-in?next=' not in answer}
    assert elsewhere == {called(handler) for handler in handlers().values() if may("nobody", handler)}


def test_each_handler_was_given_what_makes_a_difference_to_it(walks: Walks) -> None:
    """A new handler that names an object in another way is told here: have `Subject.named` or FORM know it."""
    about_ours, about_none = walks["ours", WHO[0]].answers, walks["missing", WHO[0]].answers
    same = {name for name, answer in about_none.items() if about_ours[name] == answer}
    assert sorted(same - NAMES_NOTHING - TRIED_ELSEWHERE.keys()) == []
    assert (NAMES_NOTHING | TRIED_ELSEWHERE.keys()) <= about_none.keys()
