"""Which ID tokens are believed. Everything that can be wrong with one has its reason."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwk

from integration_admin.adapters.openid import IssuerMetadata, Redemption
from integration_admin.core.secret import Secret
from integration_admin.services.id_tokens import (
    Expected,
    Identity,
    TokenRefused,
    entra_tenant,
    identify,
    is_entra,
)
from integration_admin.services.issuers import ASKED_ANEW_SECONDS, KEPT_SECONDS, Issuers
from integration_admin.services.openid_reasons import REASON_WORDS, Reason
from tests.fakes import START, FakeClock
from tests.openid_issuer import CLIENT, OTHER, SIGNING, signed, unsigned

ISSUER, NONCE = "https://issuer.example.org", "n" * 43
TENANT = "1f2e3d4c-0000-4aaa-8bbb-123456789abc"
ENTRA = f"https://login.microsoftonline.com/{TENANT}/v2.0"
NOW = int(START.timestamp())
RSA = jwk.RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})


class Keys:
    """An issuer that is asked for nothing but its keys, and counts how often."""

    def __init__(self, *keys: Any) -> None:
        self.keys_now: list[dict[str, Any]] = [key.as_dict(private=False) for key in keys]
        self.times = 0

    def check(self, url: str) -> None:
        raise AssertionError(url)

    async def discover(self, issuer: str) -> IssuerMetadata:
        return IssuerMetadata(
            issuer, "", "", "", "client_secret_basic", names_itself=False, end_session_endpoint=""
        )

    async def keys(self, _: IssuerMetadata) -> list[dict[str, Any]]:
        self.times += 1
        return self.keys_now

    async def redeem(self, _: IssuerMetadata, code: Secret, by: Redemption) -> Secret:
        raise AssertionError(code, by)


def claims(**changes: Any) -> dict[str, Any]:
    usual = {"iss": ISSUER, "aud": CLIENT, "sub": "kari-1", "iat": NOW, "exp": NOW + 300, "nonce": NONCE}
    return {name: value for name, value in (usual | changes).items() if value is not None}


async def asked(
    token: str, keys: Keys | None = None, issuer: str = ISSUER, clock: FakeClock | None = None
) -> Identity:
    clock = clock or FakeClock()
    issuers = Issuers(keys or Keys(SIGNING, RSA), clock)
    return await identify(Secret(token), Expected(issuer, CLIENT, Secret(NONCE)), issuers, clock.now())


async def test_a_right_token_tells_who_it_is() -> None:
    found = await asked(
        signed(
            claims(email=" Kari@Example.org ", email_verified=True, amr=["pwd", "mfa", 7], auth_time=NOW - 5)
        )
    )
    assert (found.subject, found.email, found.used_several_factors) == ("kari-1", "kari@example.org", True)
    assert found.authenticated_at is not None
    assert (START - found.authenticated_at).total_seconds() == 5


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
async def test_signatures_of_rsa_keys_are_believed_too(algorithm: str) -> None:
    assert (await asked(signed(claims(), RSA, algorithm, kid="rsa"))).subject == "kari-1"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example.org"},
        {"iss": f"{ISSUER}/"},
        {"aud": "another-client"},
        {"aud": ["another-client"]},
        {"aud": [CLIENT, "another-client"]},
        {"azp": "another-client"},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": True},
        {"iat": NOW + 61},
        {"iat": NOW - 601},
        {"iat": None},
        {"iat": 10**400},
        {"nbf": NOW + 61},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"sub": "s" * 256},
        {"sub": "s\0"},
        {"sub": "kåre"},
    ],
    ids=str,
)
async def test_what_it_says_must_be_for_us_and_of_now(changes: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused) as refused:
        await asked(signed(claims(**changes)))
    assert refused.value.reason is Reason.CLAIMS


@pytest.mark.parametrize("nonce", [None, "m" * 43, "", ["n"], "ø"])
async def test_it_must_be_of_this_sign_in(nonce: Any) -> None:
    with pytest.raises(TokenRefused) as refused:
        await asked(signed(claims(nonce=nonce)))
    assert refused.value.reason is Reason.NONCE


def _with_the_public_key() -> str:
    """Sign with what everybody knows, as if it were a shared secret (RFC 8725, section 2.1)."""
    known = jwk.OctKey.import_key(json.dumps(SIGNING.as_dict(private=False)))
    return signed(claims(), known, "HS256")


def _altered() -> str:
    head, _, tail = signed(claims()).split(".")
    return ".".join([head, signed(claims(sub="somebody else")).split(".")[1], tail])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: unsigned(claims()), Reason.ALGORITHM),
        (_with_the_public_key, Reason.ALGORITHM),
        (lambda: signed(claims(), RSA, "RS512", kid="rsa"), Reason.ALGORITHM),
        (lambda: unsigned(claims(), alg="ES256", kid=["one"]), Reason.ALGORITHM),
        (lambda: signed(claims(), OTHER, kid="other"), Reason.KEY),
        (lambda: signed(claims(), RSA, "RS256", kid="one"), Reason.SIGNATURE),
        (lambda: signed(claims(), OTHER), Reason.SIGNATURE),
        (lambda: signed(claims(), OTHER, jwk=OTHER.as_dict(private=False)), Reason.SIGNATURE),
        (_altered, Reason.SIGNATURE),
        (lambda: "", Reason.TOKEN_FORM),
        (lambda: "a.b", Reason.TOKEN_FORM),
        (lambda: "W10.e30.AAAA", Reason.TOKEN_FORM),
        (lambda: "a" * 70_000, Reason.TOKEN_FORM),
        (lambda: "ø.e30.AAAA", Reason.TOKEN_FORM),
    ],
)
async def test_it_must_be_signed_with_a_key_that_nobody_else_has(
    make: Callable[[], str], reason: Reason
) -> None:
    with pytest.raises(TokenRefused) as refused:
        await asked(make())
    assert refused.value.reason is reason
    assert reason in REASON_WORDS


async def test_a_token_without_a_keys_name_is_of_the_only_key_there_is() -> None:
    token = signed(claims(), kid=None)
    assert (await asked(token, Keys(SIGNING))).subject == "kari-1"
    with pytest.raises(TokenRefused):
        await asked(token, Keys(SIGNING, OTHER))


async def test_keys_that_encrypt_or_are_too_short_are_no_keys() -> None:
    keys = Keys(SIGNING)
    keys.keys_now = [
        SIGNING.as_dict(private=False) | {"use": "enc"},
        RSA.as_dict(private=False) | {"n": "AQAB", "kid": "one"},
        RSA.as_dict(private=False) | {"n": "A" * 3_000, "kid": "one"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "one"},
        {"kty": "EC", "crv": "P-521", "kid": "one"},
    ]
    with pytest.raises(TokenRefused) as refused:
        await asked(signed(claims()), keys)
    assert refused.value.reason is Reason.KEY


async def test_a_new_key_is_found_and_made_up_ones_are_asked_for_once_a_minute() -> None:
    clock, keys = FakeClock(), Keys(OTHER)
    issuers = Issuers(keys, clock)
    expected = Expected(ISSUER, CLIENT, Secret(NONCE))

    async def come() -> Identity:
        return await identify(Secret(signed(claims())), expected, issuers, START)

    for _ in range(5):
        with pytest.raises(TokenRefused):
            await come()
    assert keys.times == 1
    keys.keys_now = [SIGNING.as_dict(private=False)]
    clock.advance(ASKED_ANEW_SECONDS)
    assert (await come()).subject == "kari-1"
    assert keys.times == 2
    clock.advance(KEPT_SECONDS)
    await come()
    assert keys.times == 3


@pytest.mark.parametrize("verified", [None, False, "true", 1])
async def test_an_address_nobody_has_verified_is_nobodys(verified: Any) -> None:
    token = signed(claims(email="kari@example.org", email_verified=verified))
    assert (await asked(token)).email == ""
    unstorable = signed(claims(email="kari\0@example.org", email_verified=True))
    assert (await asked(unstorable)).email == ""


async def test_of_entra_only_its_own_tenants_tokens_count_and_no_address_is_believed() -> None:
    said = {"iss": ENTRA, "email": "kari@example.org", "email_verified": True}
    found = await asked(signed(claims(**said, tid=TENANT)), issuer=ENTRA)
    assert (found.subject, found.email) == ("kari-1", "")
    for tenant in (None, "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(TokenRefused) as refused:
            await asked(signed(claims(**said, tid=tenant)), issuer=ENTRA)
        assert refused.value.reason is Reason.CLAIMS


@pytest.mark.parametrize(
    ("issuer", "tenant"),
    [
        (ENTRA, TENANT),
        ("https://login.microsoftonline.com/common/v2.0", None),
        ("https://login.microsoftonline.com/organizations/v2.0", None),
        ("https://LOGIN.microsoftonline.com/consumers/v2.0", None),
        ("https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", None),
        (f"https://login.microsoftonline.com/{TENANT}", None),
        (f"https://sts.windows.net/{TENANT}/", None),
    ],
)
def test_an_entra_issuer_is_one_tenants_or_everybodys(issuer: str, tenant: str | None) -> None:
    assert is_entra(issuer)
    assert entra_tenant(issuer) == tenant
