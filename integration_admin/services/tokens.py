"""API tokens of one organisation, and how secret tokens of any kind are made and recognised."""

import base64
import hashlib
import uuid
from collections.abc import Callable, Collection
from datetime import timedelta

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput, NotPermitted, SignInRequired
from integration_admin.core.messages import msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Permission, Role
from integration_admin.data.database import Database
from integration_admin.data.models_access import ApiToken

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
    return hashlib.sha256(token.reveal().encode()).hexdigest()


class ApiTokens:
    """Creates tokens and tells on whose behalf a request comes."""

    def __init__(self, database: Database, clock: Clock, random: RandomBytes) -> None:
        self._database = database
        self._clock = clock
        self._random = random

    async def create(self, actor: Actor, scopes: Collection[str], name: str) -> Secret:
        """Store a new token and return it, the only time it can be seen; raises InvalidInput, NotPermitted."""
        actor.require(Permission.CONFIGURE)
        _check(scopes, name)
        token, now = new_token(self._random, PREFIX), self._clock.now()
        row = ApiToken(
            id=uuid.uuid4(),
            name=name,
            token_hash=fingerprint(token),
            scopes=sorted(set(scopes)),
            created_at=now,
        )
        async with self._database.write(actor.organisation_id) as unit:
            await unit.organisations.add_token(row)
            await unit.audit.add(now, actor.name, "token.create", name, scopes=row.scopes)
        return token

    async def resolve(self, token: Secret, scope: str) -> Actor:
        """Return the caller of a token; raises SignInRequired or, without the scope, NotPermitted."""
        async with self._database.system() as system:
            row = await system.token_by_hash(fingerprint(token))
        if row is None or row.revoked_at is not None:
            raise SignInRequired(msg("The API token is not valid."))
        if scope not in row.scopes:
            await self._note_denied(row, scope)
            raise NotPermitted(internal=f"token {row.id} lacks the scope {scope}")
        await self._touch(row)
        return Actor(row.organisation_id, row.name, Role.COORDINATOR)

    async def _note_denied(self, row: ApiToken, scope: str) -> None:
        """Put into the audit log that a token tried what its scopes do not allow, at most once a minute."""
        if await self._touch(row):
            async with self._database.write(row.organisation_id) as unit:
                await unit.audit.add(self._clock.now(), row.name, "access.denied", scope)

    async def _touch(self, row: ApiToken) -> bool:
        """Note that a token is in use, at most once a minute; return whether it was noted."""
        now = self._clock.now()
        if row.last_used_at is not None and now - row.last_used_at < TOUCH_EVERY:
            return False
        async with self._database.system(writes=True) as system:
            stored = await system.token_by_hash(row.token_hash)
            if stored is not None:
                stored.last_used_at = now
        return True


def _check(scopes: Collection[str], name: str) -> None:
    """Raise InvalidInput unless the token can do something and can be told from others."""
    if not 1 <= len(name.strip()) <= 100:
        sentence = msg("Give the token a name of at most 100 characters.")
        raise InvalidInput(sentence, fields={"name": sentence})
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        sentence = msg("Choose among the scopes {scopes}.", scopes=", ".join(SCOPES))
        raise InvalidInput(sentence, fields={"scopes": sentence})
