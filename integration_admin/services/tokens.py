"""API tokens of one organisation, and how secret tokens of any kind are made and recognised."""

import base64
import hashlib
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput, NotPermitted, SignInRequired
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Permission, Role
from integration_admin.data.database import Database
from integration_admin.data.models_access import ApiToken
from integration_admin.services.administrators import take_turn

RECORDS_WRITE = "records:write"
RECORDS_READ = "records:read"
INTEGRATIONS_READ = "integrations:read"
RUNS_WRITE = "runs:write"
SCOPES = (RECORDS_WRITE, RECORDS_READ, INTEGRATIONS_READ, RUNS_WRITE)

PREFIX = "ia_"
"""Lets secret scanners and people recognise one of our tokens."""
TOUCH_EVERY = timedelta(minutes=1)

RandomBytes = Callable[[int], bytes]


def new_token(random: RandomBytes, prefix: str = "") -> Secret:
    """Make a token of 256 random bits, safe in headers and cookies."""
    return Secret(prefix + base64.urlsafe_b64encode(random(32)).rstrip(b"=").decode())


def fingerprint(token: Secret) -> str:
    """Return the SHA-256 by which a token is stored and found; the token cannot be had from it."""
    return hashlib.sha256(token.reveal().encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class ApiTokenView:
    """One token as it is listed; the token itself cannot be had again. `created_by` is empty for old ones."""

    id: uuid.UUID
    name: str
    scopes: tuple[str, ...]
    created_by: str
    created_by_id: uuid.UUID | None
    """The member who made it, where one did; None for old ones too."""
    created_at: datetime
    last_used_at: datetime | None
    last_day: date | None
    """The last day it is good, in the organisation's time zone; None until it is revoked."""
    is_over: bool

    def is_by(self, member_id: uuid.UUID, name: str) -> bool:
        """Tell whether a member made it; one that does not know its member is known by the name."""
        return self.created_by == name if self.created_by_id is None else self.created_by_id == member_id


class ApiTokens:
    """Creates, lists and revokes tokens, and tells on whose behalf a request comes."""

    def __init__(self, database: Database, clock: Clock, random: RandomBytes) -> None:
        self._database = database
        self._clock = clock
        self._random = random
        self._denied: dict[uuid.UUID, float] = {}
        """Token -> when it was last put into the audit log that it was denied something."""

    async def create(
        self, actor: Actor, scopes: Collection[str], name: str, last_day: date | None = None
    ) -> Secret:
        """Store a new token and return it, the only time it can be seen; raises InvalidInput, NotPermitted.

        It is good to the end of `last_day` where the organisation is, or until it is revoked.
        """
        actor.require(Permission.CONFIGURE)
        _check(scopes, name)
        token, now = new_token(self._random, PREFIX), self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            await take_turn(unit, actor)
            zone = ZoneInfo((await unit.organisations.get()).time_zone)
            row = ApiToken(
                id=uuid.uuid4(),
                name=name.strip(),
                token_hash=fingerprint(token),
                scopes=sorted(set(scopes)),
                created_by=actor.name,
                created_by_id=actor.member_id,
                created_at=now,
                expires_at=_end(last_day, zone, now),
            )
            await unit.organisations.add_token(row)
            until = {"expires_on": last_day.isoformat()} if last_day else {}
            await unit.audit.add(now, actor.name, "token.create", row.name, scopes=row.scopes, **until)
        return token

    async def everything(self, actor: Actor) -> list[ApiTokenView]:
        """Return the organisation's tokens that were not revoked, by name; raises NotPermitted."""
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        async with self._database.read(actor.organisation_id) as unit:
            zone = ZoneInfo((await unit.organisations.get()).time_zone)
            return [_view(row, zone, now) for row in await unit.people.tokens()]

    async def revoke(self, actor: Actor, token_id: uuid.UUID) -> None:
        """Let a token work no more, from its next request on; raises NotFound, NotPermitted."""
        actor.require(Permission.CONFIGURE)
        now = self._clock.now()
        async with self._database.write(actor.organisation_id) as unit:
            row = await unit.people.revoke_token(token_id, now)
            await unit.audit.add(now, actor.name, "token.revoke", row.name)

    async def resolve(self, token: Secret, scope: str) -> Actor:
        """Return the caller of a token; raises SignInRequired or, without the scope, NotPermitted."""
        async with self._database.system() as system:
            row = await system.token_by_hash(fingerprint(token))
        if row is None or row.revoked_at is not None or _is_over(row, self._clock.now()):
            raise SignInRequired(msg("The API token is not valid."))
        if scope not in row.scopes:
            await self._touch(row)
            await self._note_denied(row, scope)
            raise NotPermitted(internal=f"token {row.id} lacks the scope {scope}", message=_lacks(scope))
        await self._touch(row)
        return Actor(row.organisation_id, row.name, Role.COORDINATOR)

    async def _note_denied(self, row: ApiToken, scope: str) -> None:
        """Put into the audit log that a token tried what its scopes do not allow, at most once a minute a process."""
        now, last = self._clock.monotonic(), self._denied.get(row.id)
        if last is not None and now - last < TOUCH_EVERY.total_seconds():
            return
        self._denied[row.id] = now
        async with self._database.write(row.organisation_id) as unit:
            await unit.audit.add(self._clock.now(), row.name, "access.denied", scope)

    async def _touch(self, row: ApiToken) -> None:
        """Note that a token is in use, at most once a minute."""
        now = self._clock.now()
        if row.last_used_at is not None and now - row.last_used_at < TOUCH_EVERY:
            return
        async with self._database.system(writes=True) as system:
            stored = await system.token_by_hash(row.token_hash)
            if stored is not None:
                stored.last_used_at = now


def _is_over(row: ApiToken, now: datetime) -> bool:
    return row.expires_at is not None and row.expires_at <= now


def _end(last_day: date | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return the midnight after a day; raises InvalidInput for a day that is over."""
    if last_day is None:
        return None
    try:
        end = datetime.combine(last_day + timedelta(days=1), time(), zone)
    except OverflowError:
        raise _refused_day(msg("This day is too far ahead. Choose an earlier one.")) from None
    if end <= now:
        raise _refused_day(msg("Choose a day that is not over yet."))
    return end


def _refused_day(sentence: Message) -> InvalidInput:
    return InvalidInput(sentence, fields={"last_day": sentence})


def _view(row: ApiToken, zone: ZoneInfo, now: datetime) -> ApiTokenView:
    end = row.expires_at
    return ApiTokenView(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes),
        created_by=row.created_by,
        created_by_id=row.created_by_id,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        last_day=(end.astimezone(zone) - timedelta(seconds=1)).date() if end else None,
        is_over=_is_over(row, now),
    )


def _check(scopes: Collection[str], name: str) -> None:
    """Raise InvalidInput unless the token can do something and can be told from others."""
    if not 1 <= len(name.strip()) <= 100:
        sentence = msg("Give the token a name of at most 100 characters.")
        raise InvalidInput(sentence, fields={"name": sentence})
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        sentence = msg("Choose among the scopes {scopes}.", scopes=", ".join(SCOPES))
        raise InvalidInput(sentence, fields={"scopes": sentence})


def _lacks(scope: str) -> Message:
    return msg("This API token lacks the scope {scope}. Use one that has it.", scope=scope)
