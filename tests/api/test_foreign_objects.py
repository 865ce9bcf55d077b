"""Every HTTP route, asked by every role and scope for another organisation's objects: as if nothing of the kind existed."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi.routing import APIRoute

from integration_admin.api.app import create_api
from integration_admin.api.cookies import session_cookie
from integration_admin.bootstrap import Application
from integration_admin.services.tokens import SCOPES
from tests.api.conftest import whole
from tests.foreign import Installation, Subject, install, rows_of, running

ORIGIN = "http://127.0.0.1:3000"
ROLES = ("administrator", "coordinator", "viewer")
WHO = (*ROLES, "nobody", "all", "none", *SCOPES)

BODIES: dict[tuple[str, str], Callable[[Subject], Any]] = {
    ("POST", "/api/v1/integrations/{integration_id}/decisions"): lambda subject: {
        "kind": "expense_claim",
        "id": subject.record,
        "decision": "send_again",
    },
    ("POST", "/api/v1/integrations/{integration_id}/failures/retry"): lambda subject: {
        "cause": subject.cause
    },
    ("POST", "/api/v1/integrations/{integration_id}/dismissals"): lambda subject: {
        "reason": "A test tries it.",
        "records": [{"kind": "expense_claim", "id": subject.record}],
    },
}
"""What is sent to a route that reads a body and names an object in its address."""


@dataclass(frozen=True, slots=True)
class Address:
    """One method of one route."""

    method: str
    path: str

    @property
    def names(self) -> list[str]:
        """What the address has room for; the ending of a file's name is no object."""
        return [name for name in re.findall(r"{(\w+)}", self.path) if name != "form"]

    def of(self, subject: Subject) -> str:
        """Return the address of a subject's object."""
        filled = self.path.replace("{form}", "csv")
        for name in self.names:
            filled = filled.replace(f"{{{name}}}", subject.named(name) or "")
        return filled


Answers = dict[tuple[str, str, str], tuple[int, str]]
"""Status and body by who asked, method and path."""


def addresses(application: Application) -> list[Address]:
    """Return every route that names an object, as the application that serves them lists them."""
    found = [
        Address(method, route.path_format)
        for route in served(application)
        for method in sorted(route.methods)
    ]
    return [address for address in found if address.names]


def served(application: Application) -> list[APIRoute]:
    """Return every route of ours; FastAPI keeps those of a router it includes behind that router."""
    waiting: list[Any] = [create_api(application.settings, application.ready)]
    found = []
    while waiting:
        one = waiting.pop()
        waiting += getattr(getattr(one, "original_router", one), "routes", [])
        found += [one] if isinstance(one, APIRoute) else []
    return found


def signed(installation: Installation, application: Application, who: str) -> dict[str, str]:
    """Return the headers of a role's browser, of a script with a token, or of nobody."""
    if who in installation.sessions:
        cookie = f"{session_cookie(application.settings)}={installation.sessions[who].reveal()}"
        return {"Cookie": cookie, "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    if who in installation.tokens:
        return {"Authorization": f"Bearer {installation.tokens[who].reveal()}"}
    return {}


async def ask(
    client: httpx2.AsyncClient, address: Address, subject: Subject, headers: dict[str, str]
) -> tuple[int, str]:
    body = BODIES.get((address.method, address.path))
    sent = {} if body is None else {"json": body(subject)}
    answer = await client.request(address.method, address.of(subject), headers=headers, **sent)
    return answer.status_code, subject.plain(answer.text)


async def ask_everywhere(installation: Installation, application: Application, subject: Subject) -> Answers:
    """Ask every route for one subject's objects, as everybody."""
    answers: Answers = {}
    app = whole(application.settings, application.ready)
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        for who in WHO:
            headers = signed(installation, application, who)
            for address in addresses(application):
                answers[who, address.method, address.path] = await ask(client, address, subject, headers)
    return answers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked(
    new_sqlite_url: Callable[[], str],
    copy_database: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Answers]:
    """What everybody was answered about theirs, about ours, and about what does not exist."""
    installation = await install(new_sqlite_url(), tmp_path_factory.mktemp("foreign") / "keys")
    answers = {}
    for whose, subject in installation.subjects.items():
        async with running(installation, copy_database(installation.url)) as application:
            before = await rows_of(application, installation.theirs)
            answers[whose] = await ask_everywhere(installation, application, subject)
            assert await rows_of(application, installation.theirs) == before, (
                f"{whose}: rows of theirs changed"
            )
    return answers


@pytest.mark.parametrize("who", WHO)
def test_what_is_answered_about_anothers_object_is_what_is_answered_about_none(
    asked: dict[str, Answers], who: str
) -> None:
    about_theirs = {key: answer for key, answer in asked["theirs"].items() if key[0] == who}
    assert about_theirs == {key: answer for key, answer in asked["missing"].items() if key[0] == who}
    assert {status for status, _ in about_theirs.values()} <= {401, 403, 404}


def test_whoever_may_ask_is_told_that_there_is_no_such_thing(asked: dict[str, Answers]) -> None:
    """A new route that reads a body is told here: give it one in BODIES."""
    asked_for = {key[1:] for key in asked["theirs"]}
    assert len(asked_for) > 12
    for method, path in asked_for:
        who = "all" if path.startswith("/api/") else "administrator"
        about_theirs, about_ours = (asked[whose][who, method, path] for whose in ("theirs", "ours"))
        assert about_theirs[0] == 404, (method, path, about_theirs)
        assert about_ours != about_theirs, (method, path, about_ours)


async def test_lists_name_nothing_of_another_organisation(
    new_sqlite_url: Callable[[], str], tmp_path: Path
) -> None:
    installation = await install(new_sqlite_url(), tmp_path / "keys")
    theirs = installation.subjects["theirs"]
    async with running(installation, installation.url) as application:
        transport = httpx2.ASGITransport(app=whole(application.settings, application.ready))
        async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            lists = [
                route.path_format.replace("{form}", "csv")
                for route in served(application)
                if "GET" in route.methods
            ]
            assert len(lists) > 10
            for path in (path for path in lists if "{" not in path):
                for who in ("administrator", "all"):
                    answer = await client.get(path, headers=signed(installation, application, who))
                    assert not [name for name in (theirs.record, *theirs.ids.values()) if name in answer.text]
