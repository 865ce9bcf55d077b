"""Signing in with an organisation's provider, over real sockets: who is let in, and who by no means is."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import web

from integration_admin.core.errors import SignInRequired
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import FactorDemand, SignInStepKind
from integration_admin.services.issuers import ASKED_ANEW_SECONDS
from integration_admin.services.openid_flows import LIFETIME, REFUSED
from integration_admin.services.signed_in import Halfway, SignedIn
from integration_admin.services.tokens import fingerprint
from tests.builders import make_member, save_organisation
from tests.data.factor_rows import give_factors
from tests.fakes import FakeClock
from tests.openid_issuer import (
    KEYS,
    OTHER,
    SECRET,
    TOKEN,
    Answer,
    answering,
    running_issuer,
    signed,
    unsigned,
)
from tests.services.elsewhere import BOB, HERE, Elsewhere, somewhere_else

VERIFIED = {"email": BOB, "email_verified": True}


UNKNOWN: list[tuple[dict[str, Any], str]] = [
    ({}, "not_connected"),
    ({"email": BOB}, "not_connected"),
    ({"email": BOB, "email_verified": False}, "not_connected"),
    ({"email": "nobody@example.org", "email_verified": True}, "nobody_here"),
    ({"email": "charlie@example.org", "email_verified": True}, "nobody_here"),
    (VERIFIED | {"iss": "https://other.example.org"}, "claims"),
    (VERIFIED | {"aud": "another-client"}, "claims"),
    (VERIFIED | {"exp": 0}, "claims"),
    (VERIFIED | {"nonce": "of another sign-in"}, "nonce"),
]
"""Who may come, as the issuer says, and why they are not let in; Charlie is a member of another organisation."""
FORGED: list[tuple[Callable[[dict[str, Any]], str], str]] = [
    (unsigned, "algorithm"),
    (lambda claims: signed(claims, OTHER), "signature"),
    (lambda claims: signed(claims, OTHER, kid="other"), "key"),
    (lambda _: "no token", "token_form"),
]
WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"state": "made up"}, "state"),
    ({"state": None}, "state"),
    ({"code": None}, "refused_there"),
    ({"code": "made up"}, "unreachable"),
    ({"code": "c" * 9_000}, "refused_there"),
    ({"code": None, "error": "access_denied"}, "refused_there"),
    ({"iss": "https://other.example.org"}, "sender"),
]
"""What a browser may bring back."""
NONSENSE: list[tuple[str, Answer]] = [
    (TOKEN, answering(500, {})),
    (TOKEN, answering(302, {}, Location="/elsewhere")),
    (TOKEN, answering(200, [1])),
    (TOKEN, answering(200, {"id_token": 7})),
    (KEYS, answering(200, {"keys": [{}] * 101})),
    (KEYS, answering(200, {"keys": ["x" * 300_000]})),
]


@pytest.fixture
async def place(sqlite_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Elsewhere]:
    async with somewhere_else(sqlite_url, tmp_path, clock) as made:
        await made.set_up()
        yield made


async def refusal(place: Elsewhere, **changes: str | None) -> str:
    """Go to the provider and come back in vain; return why."""
    departure = await place.depart()
    with pytest.raises(SignInRequired) as refused:
        await place.arrive(departure, **changes)
    assert refused.value.message == REFUSED
    return refused.value.internal


async def test_a_verified_address_is_recognised_once_and_the_account_from_then_on(place: Elsewhere) -> None:
    place.issuer.person = dict(VERIFIED)
    first = await place.who((await place.come()).result)
    assert (first.email, first.actor.member_id) == (BOB, place.bob.id)
    place.issuer.person = {"email": "another@example.org"}
    again = await place.come()
    assert ((await place.who(again.result)).email, again.target) == (BOB, "/records")
    assert [(who, what) for who, what, _ in await place.told()][-3:] == [
        (BOB, "provider.connect"),
        (BOB, "sign_in"),
        (BOB, "sign_in"),
    ]


@pytest.mark.parametrize("deed", ["replaced", "removed"])
async def test_a_provider_that_is_gone_when_it_answers_lets_nobody_in_and_connects_nobody(
    place: Elsewhere, deed: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        if deed == "replaced":
            await place.set_up(issuer="https://login.example.org")
        else:
            await place.factors.provider.remove(place.actor())
        return await place.issuer._token(request)

    place.issuer.person = dict(VERIFIED)
    place.issuer.answers[TOKEN] = answer
    assert await refusal(place) == "step"
    async with place.application.database.read(place.bob.organisation_id) as unit:
        assert await unit.identity.of_member(place.bob.id) is None


async def test_the_question_binds_the_answer_to_one_browser_and_the_database_holds_nothing_of_it(
    place: Elsewhere,
) -> None:
    departure = await place.depart()
    question = place.issuer.questions[place.issuer.sign_in(departure.address)["code"]]
    assert question["code_challenge_method"] == "S256"
    assert question["redirect_uri"] == "http://127.0.0.1:3000/auth/openid/callback"
    assert question["scope"] == "openid email"
    assert {len(question[name]) for name in ("state", "nonce", "code_challenge")} == {43}
    async with place.application.database.system() as system:
        flow = await system.identity.flow(fingerprint(departure.token))
    assert flow is not None
    stored = repr(vars(flow[0]))
    assert not [name for name in ("state", "nonce") if question[name] in stored]
    assert departure.token.reveal() not in stored


async def test_who_is_not_known_or_not_sure_gets_the_same_words_and_the_audit_log_the_reason(
    place: Elsewhere,
) -> None:
    charlie = make_member("Charlie", email="charlie@example.org")
    await save_organisation(place.application.database, charlie)
    for person, reason in UNKNOWN:
        place.issuer.person = person
        assert (person, await refusal(place)) == (person, reason)
        assert (await place.told())[-1] == ("Entra", "sign_in.provider_refused", reason)


async def test_a_token_nobody_else_could_have_made_is_asked_for(place: Elsewhere) -> None:
    place.issuer.person = dict(VERIFIED)
    for write, reason in FORGED:
        place.issuer.write = write
        assert await refusal(place) == reason


async def test_an_answer_that_is_not_right_lets_nobody_in(place: Elsewhere) -> None:
    place.issuer.person = dict(VERIFIED)
    for brought, reason in WRONG:
        assert (brought, await refusal(place, **brought)) == (brought, reason)


async def test_an_issuer_that_names_itself_in_answers_must(place: Elsewhere) -> None:
    place.issuer.person = dict(VERIFIED)
    place.issuer.metadata = {"authorization_response_iss_parameter_supported": True}
    assert await refusal(place) == "sender"
    assert isinstance((await place.come(iss=place.issuer.url)).result, SignedIn)


async def test_an_answer_counts_once_in_time_and_in_its_own_browser(place: Elsewhere) -> None:
    place.issuer.person = dict(VERIFIED)
    ours, theirs = await place.depart(), await place.depart()
    answer = place.issuer.sign_in(ours.address)
    for token in (None, theirs.token, Secret("made up")):
        with pytest.raises(SignInRequired):
            await place.factors.openid.arrive(token, answer, HERE)
    assert isinstance((await place.factors.openid.arrive(ours.token, answer, HERE)).result, SignedIn)
    with pytest.raises(SignInRequired) as used:
        await place.factors.openid.arrive(ours.token, answer, HERE)
    assert used.value.internal == "no_flow"
    place.clock.advance(LIFETIME)
    with pytest.raises(SignInRequired) as late:
        await place.arrive(theirs)
    assert late.value.internal == "no_flow"


async def test_who_was_removed_or_disabled_stays_out(place: Elsewhere) -> None:
    place.issuer.person = dict(VERIFIED)
    await place.come()
    async with place.application.database.write(place.bob.organisation_id) as unit:
        (await unit.organisations.member(place.bob.id)).disabled_at = place.clock.now()
    assert await refusal(place) == "disabled"
    await place.application.services.people.members.remove(place.actor(), place.bob.id)
    assert await refusal(place) == "nobody_here"


async def test_one_organisations_provider_lets_nobody_into_another(place: Elsewhere) -> None:
    """Their issuer vouches for Bob, whose address is ours; and our token comes back in their sign-in."""
    charlie = make_member("Charlie", email="charlie@example.org")
    await save_organisation(place.application.database, charlie)
    await place.factors.provider.save(place.actor(charlie), place.form(client_id="theirs"))
    place.issuer.person = dict(VERIFIED)
    await place.come()
    theirs = await place.factors.provider.get(place.actor(charlie))
    assert theirs is not None
    departure = await place.factors.openid.begin(theirs.sign_in_address.partition("=")[2], "/records", HERE)
    for changes, reason in (({}, "unreachable"), ({"aud": "theirs"}, "unreachable")):
        place.issuer.person = VERIFIED | changes
        with pytest.raises(SignInRequired) as refused:
            await place.arrive(departure)
        assert refused.value.internal in {reason, "no_flow"}


async def test_an_issuer_that_answers_nonsense_lets_nobody_in(place: Elsewhere) -> None:
    place.issuer.person = dict(VERIFIED)
    # A key nobody knows, so that the issuer is asked for its keys.
    place.issuer.write = partial(signed, kid="unknown")
    for path, answer in NONSENSE:
        place.clock.advance(ASKED_ANEW_SECONDS)
        departure = await place.depart()
        place.issuer.answers = {path: answer}
        with pytest.raises(SignInRequired) as refused:
            await place.arrive(departure)
        assert (path, refused.value.internal) == (path, "unreachable")


async def test_codes_tokens_and_the_secret_reach_no_log(place: Elsewhere) -> None:
    with structlog.testing.capture_logs() as lines:
        departure = await place.depart()
        brought = place.issuer.sign_in(departure.address)
        place.issuer.questions.clear()
        with pytest.raises(SignInRequired):
            await place.factors.openid.arrive(departure.token, brought, HERE)
    assert {line["event"] for line in lines} == {"sign_in.provider_failed", "sign_in.provider_refused"}
    written = repr(lines)
    assert "invalid_grant" in written
    assert not [
        one for one in (SECRET, brought["code"], brought["state"], departure.token.reveal()) if one in written
    ]


async def test_an_address_is_believed_only_for_whoever_is_not_connected_yet(place: Elsewhere) -> None:
    await place.connect(place.bob, "bob-1")
    place.issuer.person = VERIFIED | {"sub": "another"}
    assert await refusal(place) == "another_account"


async def give_app(place: Elsewhere) -> None:
    async with place.application.database.write(place.bob.organisation_id) as unit:
        await give_factors(unit, place.bob)


async def test_the_own_second_factor_follows_unless_the_providers_word_counts(place: Elsewhere) -> None:
    await give_app(place)
    for trusted, methods in ((False, ["mfa"]), (True, ["pwd"]), (True, None)):
        await place.set_up(trusts_mfa=trusted)
        place.issuer.person = VERIFIED | {"amr": methods}
        found = (await place.come()).result
        assert isinstance(found, Halfway)
        assert found.kind is SignInStepKind.CODE
        assert (await place.told())[-1][:2] == (BOB, "sign_in.half_provider")


async def test_where_the_providers_word_counts_no_code_is_asked_for(place: Elsewhere) -> None:
    await place.set_up(trusts_mfa=True)
    await give_app(place)
    async with place.application.database.write(place.bob.organisation_id) as unit:
        (await unit.organisations.get()).factor_demand = FactorDemand.EVERYBODY
    place.issuer.person = VERIFIED | {"amr": ["pwd", "mfa"]}
    assert isinstance((await place.come()).result, SignedIn)


async def test_who_is_on_the_way_when_the_issuer_changes_comes_back_to_nothing(place: Elsewhere) -> None:
    """The code and its verifier would go to an issuer that never gave it."""
    place.issuer.person = dict(VERIFIED)
    departure = await place.depart()
    brought = place.issuer.sign_in(departure.address)
    async with running_issuer(place.clock) as other:
        await place.set_up(issuer=other.url)
        with pytest.raises(SignInRequired) as refused:
            await place.factors.openid.arrive(departure.token, brought, HERE)
        assert (refused.value.internal, TOKEN in other.asked) == ("no_flow", False)
