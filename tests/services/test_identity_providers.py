"""Setting up the organisation's sign-in provider: what is accepted, what is kept, and what demanding it means."""

from collections.abc import AsyncIterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from integration_admin.core.errors import (
    AdapterError,
    IntegrationAdminError,
    InvalidInput,
    NotFound,
    NotPermitted,
)
from integration_admin.core.secret import Secret
from integration_admin.core.statuses import Role, SignInStepKind
from integration_admin.data.repositories.unit import Unit
from integration_admin.services.signed_in import Halfway, SignedIn
from tests import canary
from tests.builders import make_member, save_organisation
from tests.data.factor_rows import give_factors
from tests.fakes import FakeClock
from tests.openid_issuer import DISCOVERY, KEYS, SECRET, answering, hanging
from tests.services.elsewhere import BOB, HERE, Elsewhere, somewhere_else
from tests.services.turns import one_after_the_other

NEW_SECRET = canary.secret("new-client-secret")
TENANT = "https://login.microsoftonline.com/1f2e3d4c-0000-4aaa-8bbb-123456789abc/v2.0"


@pytest.fixture
async def place(sqlite_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Elsewhere]:
    async with somewhere_else(sqlite_url, tmp_path, clock) as made:
        yield made


async def wrong_fields(place: Elsewhere, **changes: Any) -> set[str]:
    with pytest.raises(InvalidInput) as refused:
        await place.factors.provider.save(place.actor(), place.form(**changes))
    return set(refused.value.fields)


async def refusal_of_a_look(place: Elsewhere) -> str:
    with pytest.raises(AdapterError) as refused:
        await place.factors.provider.look(place.actor())
    return str(refused.value.message)


async def stored_secret(place: Elsewhere) -> str:
    async with place.application.database.read(place.alice.organisation_id) as unit:
        row = await unit.identity.provider()
    assert row is not None
    assert SECRET not in row.envelope
    return place.factors.openid._flows._secrets.open_row(row).reveal()


async def test_what_cannot_be_right_is_told_field_by_field(place: Elsewhere) -> None:
    entra = "https://login.microsoftonline.com/common/v2.0"
    for changes, fields in (
        (
            {"name": "", "client_id": "with space", "secret": Secret("two\nlines")},
            {"name", "client_id", "secret"},
        ),
        ({"name": "n" * 61, "client_id": "", "secret": Secret("")}, {"name", "client_id"}),
        ({"secret": Secret("")}, {"secret"}),
        *(({"issuer": issuer}, {"issuer"}) for issuer in ("", "ftp://x.example.org", "https://[", entra)),
        *(({"issuer": f"{place.issuer.url}{tail}"}, {"issuer"}) for tail in ("?a=b", "#a", "/" + "x" * 500)),
        *(({"issuer": issuer}, {"issuer"}) for issuer in ("https://10.0.0.1", "http://169.254.169.254")),
    ):
        assert (changes, await wrong_fields(place, **changes)) == (changes, fields)
    assert await place.factors.provider.get(place.actor()) is None
    await place.set_up(issuer=TENANT)


async def test_the_secret_is_sealed_kept_when_left_empty_and_asked_for_with_another_issuer(
    place: Elsewhere,
) -> None:
    handle = await place.set_up()
    assert await stored_secret(place) == SECRET
    await place.set_up(name="Microsoft", secret=Secret(""))
    assert (await stored_secret(place), await place.handle()) == (SECRET, handle)
    for changes in ({"issuer": TENANT}, {"client_id": "another"}):
        assert await wrong_fields(place, secret=Secret(""), **changes) == {"secret"}
    await place.set_up(secret=Secret(NEW_SECRET))
    assert await stored_secret(place) == NEW_SECRET
    view = await place.factors.provider.get(place.actor())
    assert view is not None
    assert not [one for one in (SECRET, NEW_SECRET) if one in repr(astuple(view))]


async def test_another_issuer_forgets_who_was_who_and_is_not_demanded_yet(place: Elsewhere) -> None:
    await place.set_up()
    await place.connect(place.alice)
    await place.factors.provider.demand(place.actor())
    await place.set_up(issuer=TENANT)
    view = await place.factors.provider.get(place.actor())
    assert view is not None
    assert (view.required, [one.since for one in view.members]) == (False, [None, None])


async def test_another_issuer_is_not_demanded_because_the_one_of_before_just_was(
    postgresql_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    async with somewhere_else(postgresql_url, tmp_path, clock) as place:
        await place.set_up()

        async def demand(unit: Unit) -> None:
            await unit.organisations.take_turns()
            provider = await unit.identity.provider()
            assert provider is not None
            await unit.identity.change_provider(provider.id, required=True)

        form = place.form(issuer=TENANT, secret=Secret(NEW_SECRET))
        save = place.factors.provider.save(place.actor(), form)
        await one_after_the_other(place.application.database, place.actor(), demand, save)
        view = await place.factors.provider.get(place.actor())
        assert view is not None
        assert (view.issuer, view.required) == (TENANT, False)


async def test_the_issuer_is_asked_what_it_says_of_itself(place: Elsewhere) -> None:
    await place.set_up()
    seen = await place.factors.provider.look(place.actor())
    assert (seen.issuer, seen.keys, seen.is_entra) == (place.issuer.url, 1, False)
    assert seen.token_endpoint == f"{place.issuer.url}/token"


async def test_an_issuer_that_does_not_answer_as_it_should_is_told_in_words(place: Elsewhere) -> None:
    await place.set_up()
    other = {"issuer": "https://other.example.org", "keys": []}
    for path, answer, words in (
        (DISCOVERY, answering(302, {}, Location="https://10.0.0.1/"), "sends on to another address"),
        (DISCOVERY, answering(404, {}), "answers 404"),
        (DISCOVERY, answering(200, []), "cannot be read"),
        (DISCOVERY, answering(200, other), "calls itself https://other.example.org"),
        (DISCOVERY, answering(200, {"issuer": 7}), "no issuer at this address"),
        (KEYS, answering(200, {"keys": "none"}), "keys cannot be read"),
        (KEYS, answering(200, {"keys": ["x" * 300_000]}), "too large"),
    ):
        place.issuer.answers = {path: answer}
        assert words in await refusal_of_a_look(place)
        assert place.issuer.asked[-1] == path


async def test_every_address_an_issuer_names_has_to_pass_the_rules(place: Elsewhere) -> None:
    await place.set_up()
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        for address in (
            "http://169.254.169.254/keys",
            "https://10.0.0.1/keys",
            "javascript:alert(1)",
            None,
            7,
        ):
            place.issuer.metadata = {name: address}
            assert await refusal_of_a_look(place)
    place.issuer.metadata = {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}
    assert "takes no client secret" in await refusal_of_a_look(place)
    assert set(place.issuer.asked) == {DISCOVERY}


async def test_a_slow_issuer_is_given_up_after_its_time(
    place: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integration_admin.adapters.openid.DEADLINE", 0.05)
    await place.set_up()
    place.issuer.answers = {DISCOVERY: hanging}
    with pytest.raises(AdapterError) as slow:
        await place.factors.provider.look(place.actor())
    assert slow.value.code == "deadline"
    with pytest.raises(AdapterError):
        await place.depart()


async def test_a_secret_in_the_body_is_taken_where_headers_are_not(place: Elsewhere) -> None:
    await place.set_up()
    place.issuer.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    place.issuer.person = {"email": BOB, "email_verified": True}
    assert isinstance((await place.come()).result, SignedIn)


async def test_demanded_it_stands_before_password_and_passkey(place: Elsewhere) -> None:
    """The first time it also says who somebody is there, which no e-mail address has to."""
    await place.set_up()
    with pytest.raises(InvalidInput, match="Connect your own account"):
        await place.factors.provider.demand(place.actor())
    await place.connect(place.alice, "alice-1")
    sign_in = place.application.services.sign_in
    before = await sign_in.come_with_passkey(place.bob, HERE, None)
    assert isinstance(before, SignedIn)
    assert await place.factors.provider.demand(place.actor()) == 1
    assert await sign_in.resolve(before.token) is None

    half = await sign_in.come_with_passkey(place.bob, HERE, None)
    assert isinstance(half, Halfway)
    assert half.kind is SignInStepKind.PROVIDER
    place.issuer.person = {"sub": "bob-1"}
    opened = await place.arrive(await place.factors.openid.begin_to_finish(half.token, "/records", HERE))
    assert (await place.who(opened.result)).email == BOB
    assert isinstance((await place.come()).result, SignedIn)

    again = await sign_in.come_with_passkey(place.bob, HERE, None)
    assert isinstance(again, Halfway)
    place.issuer.person = {"sub": "somebody-else"}
    with pytest.raises(IntegrationAdminError) as refused:
        await place.arrive(await place.factors.openid.begin_to_finish(again.token, "/records", HERE))
    assert refused.value.internal == "another_person"


async def test_a_passkey_is_the_second_factor_after_a_provider_that_is_demanded(place: Elsewhere) -> None:
    await place.set_up()
    await place.connect(place.alice, "alice-1")
    async with place.application.database.write(place.bob.organisation_id) as unit:
        await give_factors(unit, place.bob)
    await place.factors.provider.demand(place.actor())
    place.issuer.person = {"sub": "bob-1", "email": BOB, "email_verified": True}
    half = (await place.come()).result
    assert isinstance(half, Halfway)
    assert half.kind is SignInStepKind.CODE
    sign_in = place.application.services.sign_in
    assert isinstance(await sign_in.come_with_passkey(place.alice, HERE, half.token), Halfway)
    assert isinstance(await sign_in.come_with_passkey(place.bob, HERE, half.token), SignedIn)


async def test_whoever_runs_the_server_lets_people_in_by_password_again(place: Elsewhere) -> None:
    await place.set_up()
    await place.connect(place.alice)
    await place.factors.provider.demand(place.actor())
    services = place.application.services
    async with place.application.database.read(place.alice.organisation_id) as unit:
        name = (await unit.organisations.get()).name
    await place.factors.provider.free(await services.organisations.actor_of(name))
    assert isinstance(await services.sign_in.come_with_passkey(place.bob, HERE, None), SignedIn)
    assert ("command line", "provider.free", "") in await place.told()


async def test_removed_it_leads_nowhere_and_nobody_is_anybody_there(place: Elsewhere) -> None:
    handle = await place.set_up()
    await place.connect(place.bob)
    assert await place.factors.provider.button(handle) is not None
    departure = await place.depart()
    await place.factors.provider.remove(place.actor())
    for gone in (handle, "", "made-up", "x" * 65):
        assert await place.factors.provider.button(gone) is None
    with pytest.raises(IntegrationAdminError):
        await place.arrive(departure)
    with pytest.raises(NotFound):
        await place.factors.provider.remove(place.actor())


async def test_all_but_the_own_connection_is_for_administrators_of_the_organisation(place: Elsewhere) -> None:
    await place.set_up()
    await place.connect(place.bob)
    provider, looks = place.factors.provider, place.actor(place.bob)
    assert looks.role is Role.VIEWER
    for refused in (
        provider.get(looks),
        provider.save(looks, place.form()),
        provider.look(looks),
        provider.demand(looks),
        provider.free(looks),
        provider.remove(looks),
        provider.disconnect(looks, place.alice.id),
    ):
        with pytest.raises(NotPermitted):
            await refused
    await provider.disconnect(looks, place.bob.id)
    own = await provider.own(looks)
    assert own is not None
    assert own.since is None
    charlie = make_member("Charlie")
    await save_organisation(place.application.database, charlie)
    with pytest.raises(NotFound):
        await provider.disconnect(place.actor(charlie), place.bob.id)
    assert await provider.get(place.actor(charlie)) is None


async def test_the_audit_log_tells_when_its_word_counts_and_when_a_demand_goes_with_its_issuer(
    place: Elsewhere,
) -> None:
    async def changes() -> list[tuple[object, object, object]]:
        async with place.application.database.read(place.alice.organisation_id) as unit:
            line, *_ = await unit.audit.latest()
        old, new = line.detail["old"], line.detail["new"]
        return [(name, old[name], new[name]) for name in new if old[name] != new[name]]

    await place.set_up()
    await place.set_up(trusts_mfa=True)
    assert await changes() == [("trusts_mfa", False, True)]
    await place.connect(place.alice)
    await place.factors.provider.demand(place.actor())
    await place.set_up(trusts_mfa=True, client_id="another")
    assert await changes() == [("client", "integration-admin", "another"), ("required", True, False)]
