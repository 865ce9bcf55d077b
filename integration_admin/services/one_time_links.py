"""Links by which somebody chooses a password, once: made, sent, opened and used up. Who may invite is in members.py.

A link is a token of 256 random bits, of which the SHA-256 is stored.
"""

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog

from integration_admin.adapters.mail import MailSender
from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import Conflict, NotDelivered, NotFound, TooManyAttempts
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import LinkPurpose
from integration_admin.data.database import Database
from integration_admin.data.models import Organisation
from integration_admin.data.models_access import Member, OneTimeLink
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.link_letters import link_address, link_letter
from integration_admin.services.passwords import Passwords, check_new_password
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.signed_in import actor_of
from integration_admin.services.tokens import RandomBytes, fingerprint, new_token

LIFETIMES: Final = {LinkPurpose.INVITATION: timedelta(hours=72), LinkPurpose.RESET: timedelta(hours=1)}
_MAILS_AT_ONCE: Final = 4

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """Whom a link is for."""

    purpose: LinkPurpose
    organisation: str
    email: str


@dataclass(frozen=True, slots=True)
class Handed:
    """How a link got on its way: by e-mail, or as an address somebody must pass on, and why it was not mailed."""

    email: str
    address: Secret | None
    trouble: Message | None = None


class LinkPost:
    """Makes links and sends them; where there is no mail server, whoever made one passes its address on."""

    def __init__(
        self,
        mail: MailSender,
        clock: Clock,
        random: RandomBytes,
        public_url: str,
        *,
        mail_is_set_up: bool,
    ) -> None:
        self._mail = mail
        self._clock = clock
        self._random = random
        self._public_url = public_url
        self.mail_is_set_up = mail_is_set_up

    async def make(
        self, unit: Unit, purpose: LinkPurpose, to: Member, by: Actor, member_id: uuid.UUID | None
    ) -> tuple[OneTimeLink, Secret]:
        """Store a link to a person, in place of an earlier one; return it and what it carries."""
        token, now = new_token(self._random), self._clock.now()
        link = OneTimeLink(
            id=uuid.uuid4(),
            purpose=purpose,
            token_hash=fingerprint(token),
            member_id=member_id,
            email=to.email,
            name=to.name,
            role=to.role,
            created_by=by.name,
            created_by_id=by.member_id,
            created_at=now,
            expires_at=now + LIFETIMES[purpose],
        )
        await unit.people.drop_links(purpose, to.email)
        await unit.people.add_link(link)
        return link, token

    async def send(self, link: OneTimeLink, token: Secret, organisation: str, language: str) -> None:
        """Send a link to its person; raises NotDelivered."""
        now = self._clock.now()
        await self._mail.send(link_letter(link, token, organisation, language, self._public_url, now))

    async def hand_over(self, link: OneTimeLink, token: Secret, organisation: str, language: str) -> Handed:
        """Send a link, or return its address to be passed on by hand."""
        address = Secret(link_address(self._public_url, token))
        if not self.mail_is_set_up:
            return Handed(link.email, address)
        try:
            await self.send(link, token, organisation, language)
        except NotDelivered as error:
            _log.warning("link.not_mailed", link=str(link.id), internal=error.internal)
            return Handed(link.email, address, error.message)
        return Handed(link.email, None)


class OneTimeLinks:
    """Opens links and takes the password chosen with them, and sends links to those who forgot theirs."""

    def __init__(
        self, database: Database, passwords: Passwords, post: LinkPost, limits: SignInLimits, clock: Clock
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._post = post
        self._limits = limits
        self._clock = clock
        self._room = asyncio.Semaphore(_MAILS_AT_ONCE)
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def mail_is_set_up(self) -> bool:
        """Whether forgotten passwords can be helped by e-mail."""
        return self._post.mail_is_set_up

    async def open(self, token: Secret) -> OpenedLink:
        """Return whom a link is for, without using it up. Raises NotFound, the same for all that do not work."""
        link, organisation = await self._good(token)
        return OpenedLink(link.purpose, organisation.name, link.email)

    async def accept(self, token: Secret, password: Secret) -> OpenedLink:
        """Store the password chosen with a link, which works no more from then on.

        An invitation makes its person a member; a new password ends all sessions. Raises NotFound,
        InvalidInput for the password, or Conflict where the e-mail address has signed in elsewhere since.
        """
        link, organisation = await self._good(token)
        if link.member_id is None:
            await self._require_free(link.email)
        check_new_password(password, [organisation.name, link.email, link.name])
        password_hash, now = await self._passwords.hash(password), self._clock.now()
        async with self._database.write(link.organisation_id) as unit:
            # Whoever is signing in with the old password has a session by then, which ends here, or is refused.
            await unit.organisations.take_turns()
            if not await unit.people.use_link(link.id, now):
                raise _works_no_more()
            if link.member_id is None:
                await self._join(unit, link, password_hash)
            else:
                await self._reset(unit, link.member_id, link.email, password_hash)
        return OpenedLink(link.purpose, organisation.name, link.email)

    async def forgotten(self, email: str, address: str) -> None:
        """Send a link for a new password, if there is such an account; nothing here depends on whether there is.

        All that does happens later. Raises TooManyAttempts.
        """
        account = email.strip().lower()[:254]
        try:
            await self._limits.check_reset(account, address)
        except TooManyAttempts:
            _log.warning("reset.throttled", address=address)
            raise
        self._later(self._send_reset(account, address))

    async def close(self) -> None:
        """Wait until every link is sent."""
        await asyncio.gather(*self._sending, return_exceptions=True)

    async def _good(self, token: Secret) -> tuple[OneTimeLink, Organisation]:
        async with self._database.system() as system:
            found = await system.link_by_hash(fingerprint(token))
        if found is None or found[0].used_at is not None or found[0].expires_at <= self._clock.now():
            raise _works_no_more()
        return found

    async def _require_free(self, email: str) -> None:
        async with self._database.system() as system:
            if await system.member_by_email(email) is not None:
                raise Conflict(msg("Somebody already signs in with this e-mail address."))

    async def _join(self, unit: Unit, link: OneTimeLink, password_hash: str) -> None:
        now = self._clock.now()
        member = Member(
            id=uuid.uuid4(),
            email=link.email,
            name=link.name,
            role=link.role,
            password_hash=password_hash,
            created_at=now,
        )
        await unit.organisations.add_member(member)
        await unit.audit.add(now, link.email, "member.join", link.email, role=str(link.role))

    async def _reset(self, unit: Unit, member_id: uuid.UUID, email: str, password_hash: str) -> None:
        now = self._clock.now()
        if not await unit.people.set_password(member_id, password_hash):
            raise _works_no_more()
        await unit.people.end_sessions(member_id, now)
        # Nor may somebody go on who is half signed in with the old password.
        await unit.factors.drop_steps(member_id)
        await unit.people.drop_links(LinkPurpose.RESET, email)
        await unit.audit.add(now, email, "password.reset")

    async def _send_reset(self, account: str, address: str) -> None:
        async with self._room:
            async with self._database.system() as system:
                member = await system.member_by_email(account)
            if member is None or member.disabled_at is not None or not self._post.mail_is_set_up:
                _log.info("reset.nobody", address=address)
                return
            if not await self._limits.may_mail(account):
                _log.warning("reset.mailbox_spared", address=address)
                return
            async with self._database.write(member.organisation_id) as unit:
                organisation = await unit.organisations.get()
                by = actor_of(member)
                link, token = await self._post.make(unit, LinkPurpose.RESET, member, by, member.id)
                await unit.audit.add(self._clock.now(), account, "password.forgotten", address=address)
            await self._post.send(link, token, organisation.name, member.language or organisation.language)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._sending.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("reset.not_sent", error=type(error).__name__, internal=getattr(error, "internal", ""))


def _works_no_more() -> NotFound:
    return NotFound(
        msg(
            "This link does not work any more. It has been used, or too much time has passed. Ask for a new one."
        )
    )
