"""Two organisations in one database, and what a stranger can name of each: ids, record ids, references."""

import base64
import os
import re
import uuid
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update

from integration_admin.bootstrap import Application, assemble
from integration_admin.core.secret import Secret
from integration_admin.core.settings import Settings
from integration_admin.data.models_access import ApiToken, Member, Session
from integration_admin.data.models_reconciliations import ReconciliationPage
from integration_admin.services import container
from integration_admin.services.tokens import SCOPES, fingerprint
from tests.builders import make_claim, make_member, make_record
from tests.data.worlds import PERIOD, World, everything_of, fill
from tests.fakes import START, FakeClock
from tests.services.fake_adapter import FakeAdapter

NAMES = {"administrator": "Alice", "coordinator": "Carol", "viewer": "Bob"}
"""Who of ours is signed in as what."""
KEPT_DAYS = timedelta(days=7)
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request names; `whose` is ours, theirs or missing, where nothing of the kind exists.

    `ids` has the id of a row of each table by what it is: `integration`, `run`, `member`, ...
    """

    whose: str
    ids: dict[str, str]
    record: str
    cause: str

    def named(self, name: str) -> str | None:
        """Return what a parameter of that name is given; None for one that names no object."""
        known = self.ids | {
            "id": self.ids["integration"],
            "token": self.ids["api_token"],
            "invitation": self.ids.get("one_time_link"),
            "record": self.record,
            "kind": "expense_claim",
            "record_kind": "expense_claim",
            "reference": f"ref-{self.record}",
            "period": PERIOD,
            "cause": self.cause,
            "key": self.cause,
        }
        return known.get(name.removesuffix("_id"))

    def plain(self, answer: str) -> str:
        """Return an answer without what the request named, and without ids that are new each time."""
        return _UUID.sub("<id>", answer.replace(self.record, "<record>"))


@dataclass(frozen=True, slots=True)
class Installation:
    """A closed database with two organisations, and who may enter ours."""

    url: str
    keys: Path
    ours: World
    theirs: World
    subjects: dict[str, Subject]
    sessions: dict[str, Secret]
    """Cookies of ours by role."""
    tokens: dict[str, Secret]
    """API tokens of ours by scope; `all` has every one, `none` has none."""


async def install(url: str, keys: Path) -> Installation:
    """Fill an empty migrated database with two organisations; in ours is somebody of each role."""
    application = _assembled(url, keys)
    await application.keys.init_key("test")
    database = application.database
    ours, theirs = await fill(database, "Alice"), await fill(database, "Charlie")
    for world, whose in ((ours, "ours"), (theirs, "theirs")):
        async with database.write(world.id) as unit:
            await unit.records.add([make_record(make_claim(id=f"EC-{whose}"))])
            await unit.schedules.ask(world.schedule.id, START)
            # A page of a comparison's file without a line, that can be unpacked.
            packed = base64.b64encode(zlib.compress(b"")).decode()
            await unit.records._execute(update(ReconciliationPage).values(packed=packed))
    people = {ours.member.role: ours.member} | {one.role: one for one in map(make_member, ("Carol", "Bob"))}
    sessions, tokens = {}, {}
    async with database.write(ours.id) as unit:
        for role, member in people.items():
            if member is not ours.member:
                await unit.organisations.add_member(member)
            sessions[role.value] = Secret(os.urandom(16).hex())
            await unit.organisations.add_session(_session(member, sessions[role.value]))
        for name, scopes in _granted().items():
            tokens[name] = Secret(f"ia_{os.urandom(16).hex()}")
            await unit.organisations.add_token(
                ApiToken(name=name, token_hash=fingerprint(tokens[name]), scopes=scopes, created_at=START)
            )
    rows = {"ours": await rows_of(application, ours), "theirs": await rows_of(application, theirs)}
    await application.close()
    subjects = {whose: _subject(whose, found) for whose, found in rows.items()}
    ids = {kind: str(uuid.uuid4()) for kind in subjects["ours"].ids}
    subjects["missing"] = Subject("missing", ids, "EC-missing", subjects["ours"].cause)
    return Installation(url, keys, ours, theirs, subjects, sessions, tokens)


def _subject(whose: str, rows: dict[str, list[Any]]) -> Subject:
    """Name one row of each table whose ids nobody could guess; where rows come to an end, one that has."""
    first = {
        table: next((row for row in found if getattr(row, "finished_at", row)), None)
        for table, found in rows.items()
    }
    ids = {
        table.removesuffix("s"): str(row.id)
        for table, row in first.items()
        if isinstance(getattr(row, "id", None), uuid.UUID)
    }
    return Subject(whose, ids, f"EC-{whose}", f"refused-{rows['failures'][0].cause}")


@asynccontextmanager
async def running(installation: Installation, url: str) -> AsyncIterator[Application]:
    """Assemble the product on a copy of an installation's database; its accounting system is in memory."""
    application = _assembled(url, installation.keys)
    await application.keys.run()
    container.install(application.services)
    yield application
    await application.services.sign_in.close()
    await application.close()


async def rows_of(application: Application, world: World) -> dict[str, list[Any]]:
    """Return everything an organisation has stored."""
    return await everything_of(application.database, world.id)


def _assembled(url: str, keys: Path) -> Application:
    adapter = FakeAdapter()
    adapter.kind = "generic_rest"
    settings = Settings(instance_dir=keys.parent, key_dir=keys, database_url=url)
    return assemble(settings, clock=FakeClock(), adapters={adapter.kind: adapter})


def _granted() -> dict[str, list[str]]:
    return {"all": sorted(SCOPES), "none": []} | {scope: [scope] for scope in SCOPES}


def _session(member: Member, token: Secret) -> Session:
    return Session(
        member_id=member.id,
        token_hash=fingerprint(token),
        created_at=START,
        authenticated_at=START,
        last_seen_at=START,
        expires_at=START + KEPT_DAYS,
    )
