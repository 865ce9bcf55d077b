"""Organisations and the people in them: the first administrator, who is there, which language they read."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from integration_admin.core.actor import COMMAND_LINE, Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, InvalidInput, NotFound
from integration_admin.core.identifiers import is_organisation_number
from integration_admin.core.messages import LANGUAGES, Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Permission, Role
from integration_admin.data.database import Database
from integration_admin.data.models import Organisation
from integration_admin.data.models_access import Member
from integration_admin.data.repositories.unit import SystemUnit, Unit
from integration_admin.services.passwords import Passwords, check_new_password

FIRST_FEATURES = ("xledger", "dynamics_bc", "dynamics_fo", "generic_rest")
"""The integration types a new organisation may use."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class MemberView:
    """One person of an organisation."""

    id: uuid.UUID
    name: str
    email: str
    role: Role
    disabled: bool


class Organisations:
    """Creates organisations and administrators, and answers who is in one."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._passwords = passwords

    async def create_administrator(
        self,
        organisation_name: str,
        organisation_number: str | None,
        email: str,
        password: Secret,
        name: str = "",
        features: Sequence[str] = FIRST_FEATURES,
    ) -> bool:
        """Add an administrator, and the organisation when there is none of that name; tell whether it is new.

        `features` are the integration types a new organisation may use. Raises InvalidInput with
        one sentence a field, or Conflict when the e-mail address is taken.
        """
        number = re.sub(r"\s", "", organisation_number or "") or None
        account = email.strip().lower()
        _check(organisation_name, number, account)
        check_new_password(password, [organisation_name, account, name])
        async with self._database.system() as system:
            if await system.member_by_email(account) is not None:
                raise Conflict(msg("Somebody already signs in with this e-mail address."))
        password_hash = await self._passwords.hash(password)
        # One transaction: an organisation without anybody in it could not be entered.
        async with self._database.system(writes=True) as system:
            organisation_name = organisation_name.strip()
            found = await system.organisation_named(organisation_name)
            organisation = (
                await self._added(system, organisation_name, number, features)
                if found is None
                else _numbered(found, number)
            )
            await self._add_administrator(
                system.inside(organisation.id), account, password_hash, name.strip()
            )
        return found is None

    async def allow(self, name: str, features: Sequence[str]) -> None:
        """Let an organisation use these integration types, besides those it may use already. Raises NotFound."""
        async with self._database.system(writes=True) as system:
            organisation = await system.organisation_named(name)
            if organisation is None:
                raise NotFound(msg("There is no organisation called {name}.", name=name))
            organisation.features = list(dict.fromkeys([*organisation.features, *features]))

    async def members(self, actor: Actor) -> list[MemberView]:
        """Return everybody in the organisation, by name."""
        actor.require(Permission.VIEW)
        async with self._database.read(actor.organisation_id) as unit:
            rows = await unit.organisations.members()
        return [
            MemberView(row.id, row.name, row.email, row.role, row.disabled_at is not None) for row in rows
        ]

    async def set_language(self, actor: Actor, language: str) -> None:
        """Remember the language (nb, nn or en) the signed-in member reads."""
        if language not in LANGUAGES:
            raise InvalidInput(msg("Choose bokmål, nynorsk or English."))
        if actor.member_id is None:
            return
        async with self._database.write(actor.organisation_id) as unit:
            await unit.organisations.set_language(actor.member_id, language)

    async def actor_of(self, name: str, who: str = COMMAND_LINE) -> Actor:
        """Return an administrator's actor for whoever operates the server; raises NotFound.

        `who` is the name their deeds are told under.
        """
        async with self._database.system() as system:
            organisation = await system.organisation_named(name)
        if organisation is None:
            raise NotFound(msg("There is no organisation called {name}.", name=name))
        return Actor(organisation.id, who, Role.ADMINISTRATOR)

    async def _added(
        self, system: SystemUnit, name: str, number: str | None, features: Sequence[str]
    ) -> Organisation:
        organisation = Organisation(
            id=uuid.uuid4(),
            name=name,
            organisation_number=number,
            features=list(features),
            created_at=self._clock.now(),
        )
        await system.add_organisation(organisation)
        return organisation

    async def _add_administrator(self, unit: Unit, email: str, password_hash: str, name: str) -> None:
        now = self._clock.now()
        member = Member(
            id=uuid.uuid4(),
            email=email,
            name=name or email,
            role=Role.ADMINISTRATOR,
            password_hash=password_hash,
            created_at=now,
        )
        await unit.organisations.add_member(member)
        await unit.audit.add(now, COMMAND_LINE, "member.create", email, role=str(member.role))


def is_email(text: str) -> bool:
    """Tell whether a text is an e-mail address one can sign in with."""
    return len(text) <= _LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None


def _check(organisation_name: str, number: str | None, email: str) -> None:
    """Raise InvalidInput with a sentence for each wrong field."""
    wrong: dict[str, Message] = {}
    if not 1 <= len(organisation_name.strip()) <= 200:
        wrong["organisation"] = msg("An organisation's name has between 1 and 200 characters.")
    if number is not None and not is_organisation_number(number):
        wrong["organisation_number"] = msg("An organisation number has nine digits; check them.")
    if not is_email(email):
        wrong["email"] = msg("This is not an e-mail address.")
    if wrong:
        raise InvalidInput(next(iter(wrong.values())), fields=wrong)


def _numbered(organisation: Organisation, number: str | None) -> Organisation:
    """Give an organisation that has no number yet this one. Raises Conflict where it has another."""
    if number and organisation.organisation_number not in {None, number}:
        raise Conflict(msg("This organisation has another organisation number."))
    organisation.organisation_number = organisation.organisation_number or number
    return organisation
