"""Passkeys (WebAuthn): adding one, signing in with it instead of password and code, naming and removing it.

The standard's checks are the webauthn library's; what they are checked against is kept here and in the database.
"""

import uuid
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from integration_admin.core.actor import Actor
from integration_admin.core.clock import Clock
from integration_admin.core.errors import InvalidInput, NotFound, SignInRequired
from integration_admin.core.messages import Message, msg
from integration_admin.core.secret import Secret
from integration_admin.data.database import Database
from integration_admin.data.models_access import Member
from integration_admin.data.models_factors import Passkey, PasskeyChallenge
from integration_admin.services.passkey_answers import (
    MALFORMED,
    base64url,
    challenge_hash,
    is_number,
    read_answer,
)
from integration_admin.services.second_factors import SecondFactors, keep_demanded, member_of
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.signed_in import Halfway, Principal, SignedIn, Visit
from integration_admin.services.tokens import RandomBytes

CHALLENGE_LIFETIME = timedelta(minutes=5)
PRODUCT = "Integration Admin"
LONGEST_NAME = 100

_CHALLENGE_BYTES = 32
_SIGN_IN = "sign_in"

log = structlog.get_logger(__name__)


class Passkeys:
    """Asks browsers for passkeys and checks their answers; each question is good once, for five minutes."""

    def __init__(
        self,
        database: Database,
        sign_in: SignIn,
        factors: SecondFactors,
        clock: Clock,
        random: RandomBytes,
        limits: SignInLimits,
        public_url: str,
    ) -> None:
        self._database = database
        self._sign_in = sign_in
        self._factors = factors
        self._clock = clock
        self._random = random
        self._limits = limits
        self._origin = public_url
        self._host = urlsplit(public_url).hostname or ""

    @property
    def available(self) -> bool:
        """Whether browsers make passkeys for this address: it needs a name, and https unless it is this machine."""
        secure = self._origin.startswith("https://") or self._host == "localhost"
        return secure and not is_number(self._host)

    async def creation_question(self, actor: Actor, email: str) -> str:
        """Return what the browser is asked to make a passkey with, as JSON."""
        member_id = member_of(actor)
        async with self._database.read(actor.organisation_id) as unit:
            known = await unit.factors.passkeys(member_id)
        options = generate_registration_options(
            rp_id=self._host,
            rp_name=PRODUCT,
            user_id=member_id.bytes,
            user_name=email,
            user_display_name=actor.name,
            challenge=await self._new_challenge(_creation(member_id)),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(base64url_to_bytes(row.credential_id)) for row in known
            ],
        )
        return options_to_json(options)

    async def add(self, actor: Actor, answer: str, name: str) -> list[Secret]:
        """Add the passkey a browser has made; return new recovery codes where there were none.

        Raises InvalidInput for an answer that is not right, and Conflict for a passkey that is known.
        """
        member_id, now = member_of(actor), self._clock.now()
        made = read_answer(parse_registration_credential_json, answer)
        challenge = await self._taken(made, _creation(member_id)) if made else None
        if made is None or challenge is None:
            raise refused()
        passkey = self._checked_new(made, challenge)
        passkey.member_id, passkey.created_at = member_id, now
        passkey.name = _named(name)
        async with self._database.write(actor.organisation_id) as unit:
            await unit.factors.add_passkey(passkey)
            await unit.audit.add(now, actor.name, "factor.passkey", passkey.name)
            return await self._factors.first_codes(unit, member_id)

    async def question(self, visit: Visit) -> str:
        """Return what the browser is asked to sign with any passkey for this address, as JSON.

        Raises TooManyAttempts.
        """
        # A name of its own each time: only what comes from one address altogether is limited.
        await self._limits.check(f"question {uuid.uuid4()}", visit.address)
        options = generate_authentication_options(
            rp_id=self._host,
            challenge=await self._new_challenge(_SIGN_IN),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    async def sign_in(self, answer: str, visit: Visit, step: Secret | None = None) -> SignedIn | Halfway:
        """Let in whoever's passkey has signed; `step` is the cookie of a sign-in they have begun otherwise.

        Raises SignInRequired and TooManyAttempts.
        """
        member = await self._whose(answer, visit)
        if member is None:
            raise SignInRequired(_REFUSED)
        return await self._sign_in.come_with_passkey(member, visit, step)

    async def is_theirs(self, principal: Principal, answer: str, visit: Visit) -> bool:
        """Tell whether a passkey of the signed-in person has signed. Raises TooManyAttempts."""
        member = await self._whose(answer, visit)
        return member is not None and member.id == principal.actor.member_id

    async def rename(self, actor: Actor, passkey_id: uuid.UUID, name: str) -> None:
        """Give one of the caller's passkeys another name. Raises NotFound, InvalidInput."""
        wanted = _named(name)
        async with self._database.write(actor.organisation_id) as unit:
            if not await unit.factors.rename_passkey(member_of(actor), passkey_id, wanted):
                raise _no_such()
            await unit.audit.add(self._clock.now(), actor.name, "factor.passkey_renamed", wanted)

    async def remove(self, actor: Actor, passkey_id: uuid.UUID) -> None:
        """Remove one of the caller's passkeys. Raises NotFound, and InvalidInput for the last factor demanded."""
        member_id = member_of(actor)
        async with self._database.write(actor.organisation_id) as unit:
            names = {row.id: row.name for row in await unit.factors.passkeys(member_id)}
            if not await unit.factors.remove_passkey(member_id, passkey_id):
                raise _no_such()
            await keep_demanded(unit, actor)
            await unit.audit.add(self._clock.now(), actor.name, "factor.passkey_removed", names[passkey_id])

    async def _new_challenge(self, purpose: str) -> bytes:
        now, challenge = self._clock.now(), self._random(_CHALLENGE_BYTES)
        row = PasskeyChallenge(
            challenge_hash=challenge_hash(challenge), purpose=purpose, expires_at=now + CHALLENGE_LIFETIME
        )
        async with self._database.system(writes=True) as system:
            await system.factors.add_challenge(row, now)
        return challenge

    async def _taken(
        self, given: RegistrationCredential | AuthenticationCredential, purpose: str
    ) -> bytes | None:
        """Use up the challenge an answer names; None when it was not asked, for this, in the last five minutes."""
        try:
            challenge = parse_client_data_json(given.response.client_data_json).challenge
        except MALFORMED:
            return None
        async with self._database.system(writes=True) as system:
            asked = await system.factors.take_challenge(challenge_hash(challenge), purpose, self._clock.now())
        return challenge if asked else None

    def _checked_new(self, made: RegistrationCredential, challenge: bytes) -> Passkey:
        try:
            checked = verify_registration_response(
                credential=made,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except MALFORMED as error:
            log.warning("factor.passkey_refused", error=type(error).__name__)
            raise refused() from None
        return Passkey(
            id=uuid.uuid4(),
            credential_id=base64url(checked.credential_id),
            public_key=base64url(checked.credential_public_key),
            sign_count=checked.sign_count,
        )

    async def _whose(self, answer: str, visit: Visit) -> Member | None:
        """Return the member whose passkey has signed the answer, once; None for anything else."""
        given = read_answer(parse_authentication_credential_json, answer)
        # One that is taken apart at all is counted under the passkey it names.
        counted = f"passkey {given.id[:64] if given else ''}"
        await self._limits.check(counted, visit.address)
        if given is None or await self._taken(given, _SIGN_IN) is None:
            log.warning("sign_in.passkey_refused", address=visit.address)
            return None
        async with self._database.system() as system:
            found = await system.factors.passkey(given.id)
        if found is None or not await self._has_signed(given, *found):
            log.warning("sign_in.passkey_refused", address=visit.address, known=found is not None)
            if found is not None:
                await self._note_refused(found[1], visit)
            return None
        await self._limits.forgive(counted, visit.address)
        return found[1]

    async def _has_signed(self, given: AuthenticationCredential, passkey: Passkey, member: Member) -> bool:
        if member.disabled_at is not None or given.response.user_handle != member.id.bytes:
            return False
        try:
            checked = verify_authentication_response(
                credential=given,
                expected_challenge=parse_client_data_json(given.response.client_data_json).challenge,
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except MALFORMED:
            return False
        async with self._database.write(member.organisation_id) as unit:
            # Two copies of a passkey that sign at once have the same count: only one of them is taken.
            return await unit.factors.note_passkey(
                passkey.id, passkey.sign_count, checked.new_sign_count, self._clock.now()
            )

    async def _note_refused(self, member: Member, visit: Visit) -> None:
        async with self._database.write(member.organisation_id) as unit:
            await unit.audit.add(
                self._clock.now(), member.email, "sign_in.passkey_refused", address=visit.address
            )


_REFUSED: Message = msg("The passkey was not accepted. Try again, or sign in with your password.")


def refused() -> InvalidInput:
    """Return the error for an answer that is not right."""
    sentence = msg("The passkey was not accepted. Try again.")
    return InvalidInput(sentence, fields={"passkey": sentence})


def _named(name: str) -> str:
    wanted = name.strip()
    if not 1 <= len(wanted) <= LONGEST_NAME:
        sentence = msg("Give the passkey a name of at most 100 characters.")
        raise InvalidInput(sentence, fields={"name": sentence})
    return wanted


def _no_such() -> NotFound:
    return NotFound(msg("There is no such passkey."))


def _creation(member_id: uuid.UUID) -> str:
    return f"create {member_id}"
