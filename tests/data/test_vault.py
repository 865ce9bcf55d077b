"""The vault: what it seals and opens, its known answers, and that it leaks nothing."""

import base64
import copy
import json
import pickle
import re
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_admin.core.errors import SecretUnreadable, VaultError
from integration_admin.core.secret import Secret
from integration_admin.data.keyring import Keyring
from integration_admin.data.vault import (
    MAX_ENVELOPE_CHARACTERS,
    MAX_SECRET_BYTES,
    USAGE_ALARM,
    Binding,
    Vault,
    aead_open,
    aead_seal,
)

VECTORS = Path(__file__).parent / "vectors"
KNOWN = json.loads((VECTORS / "vault_v1.json").read_text())
GCM = json.loads((VECTORS / "aes_256_gcm.json").read_text())
WYCHEPROOF = json.loads((VECTORS / "wycheproof_aes_256_gcm.json").read_text())

BINDING = Binding(**KNOWN["envelopes"][0]["binding"])
ROOT_KEY = b"FAKE-root-key-FAKE-root-key-FAKE"
SECRET = "FAKE-canary-4f1c"


def a_vault() -> Vault:
    return Vault(Keyring({"k1": ROOT_KEY, "k2": ROOT_KEY[::-1]}), "k1")


@pytest.fixture
def vault() -> Vault:
    return a_vault()


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize("known", KNOWN["envelopes"], ids=lambda known: known["comment"])
def test_a_frozen_envelope_opens_and_is_sealed_the_same_today(known: dict) -> None:
    keyring = Keyring({key["key_id"]: base64.b64decode(key["file"]) for key in KNOWN["keys"]})
    vault = Vault(keyring, known["key_id"], lambda _: bytes.fromhex(known["nonce"]))
    binding = Binding(**known["binding"])
    assert vault.open(known["envelope"], binding).reveal() == known["secret"]
    assert vault.seal(Secret(known["secret"]), binding) == known["envelope"]


def answered_as_it_says(case: dict) -> bool:
    """Tell whether a vector opens, or does not, as it says, and is sealed to what it says."""
    key, nonce, aad, message, ct, tag = (
        bytes.fromhex(case[name]) for name in ("key", "iv", "aad", "msg", "ct", "tag")
    )
    valid = case["result"] == "valid"
    opened = aead_open(key, nonce, ct + tag, aad)
    return opened == (message if valid else None) and (
        (aead_seal(key, nonce, message, aad) == ct + tag) is valid
    )


@pytest.mark.parametrize(
    "case", GCM["testGroups"][0]["tests"], ids=lambda case: f"{case['tcId']} {case['comment']}"
)
def test_a_vector_of_aes_256_gcm_is_answered_as_it_says(case: dict) -> None:
    assert answered_as_it_says(case)


def test_all_66_cases_of_wycheproof_of_our_shape_are_answered_as_they_say() -> None:
    (group,) = WYCHEPROOF["testGroups"]
    assert (group["keySize"], group["ivSize"], group["tagSize"]) == (256, 96, 128)
    results = [case["result"] for case in group["tests"]]
    assert (results.count("valid"), results.count("invalid"), len(results)) == (39, 27, 66)
    assert [case["tcId"] for case in group["tests"] if not answered_as_it_says(case)] == []


def test_the_vector_file_is_whole_and_of_our_shape() -> None:
    (group,) = GCM["testGroups"]
    assert (group["keySize"], group["ivSize"], group["tagSize"]) == (256, 96, 128)
    assert len(group["tests"]) == GCM["numberOfTests"] == 81
    assert {flag for case in group["tests"] for flag in case["flags"]} == set(GCM["notes"])
    for case in group["tests"]:
        assert (len(case["key"]), len(case["iv"]), len(case["tag"])) == (64, 24, 32)


@pytest.mark.parametrize("size", [*range(12), 13, 16])
def test_a_nonce_of_another_length_opens_nothing(size: int) -> None:
    assert aead_open(bytes(32), bytes(size), bytes(32), b"") is None


@pytest.mark.parametrize("size", range(16))
def test_what_is_shorter_than_a_tag_opens_nothing(size: int) -> None:
    assert aead_open(bytes(32), bytes(12), bytes(size), b"") is None


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "x",
        "\0",
        "a\0b",
        "🔑",
        "𐍈" * 99,
        "é",
        "e\u0301",
        "\ufeffx",
        "line\r\nline",
        "x" * MAX_SECRET_BYTES,
    ],
    ids=lambda secret: f"{len(secret)} of {secret[:4]!a}",
)
def test_a_secret_comes_back_exactly(vault: Vault, secret: str) -> None:
    envelope = vault.seal(Secret(secret), BINDING)
    assert vault.open(envelope, BINDING).reveal() == secret
    assert len(envelope) <= MAX_ENVELOPE_CHARACTERS
    assert re.fullmatch(r"v1\.k1\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{22,}", envelope)


@given(secret=st.text(), names=st.lists(st.text(), min_size=6, max_size=6))
@settings(max_examples=200, deadline=None)
def test_any_text_comes_back_from_any_binding(secret: str, names: list[str]) -> None:
    vault, binding = a_vault(), Binding(*names)
    assert vault.open(vault.seal(Secret(secret), binding), binding).reveal() == secret


@pytest.mark.parametrize(
    "secret", ["x" * (MAX_SECRET_BYTES + 1), "å" * (MAX_SECRET_BYTES // 2 + 1), "a\ud800b"]
)
def test_what_is_too_long_or_no_text_is_not_sealed(vault: Vault, secret: str) -> None:
    with pytest.raises(SecretUnreadable, match="cannot be stored") as caught:
        vault.seal(Secret(secret), BINDING)
    assert caught.value.__context__ is None


def test_the_limits_are_the_documented_ones() -> None:
    assert (USAGE_ALARM, MAX_SECRET_BYTES, MAX_ENVELOPE_CHARACTERS) == (2_147_483_648, 65_536, 98_304)


def test_a_binding_that_is_no_text_binds_all_the_same(vault: Vault) -> None:
    binding = replace(BINDING, column="\ud800")
    envelope = vault.seal(Secret(SECRET), binding)
    assert vault.open(envelope, binding).reveal() == SECRET
    with pytest.raises(SecretUnreadable):
        vault.open(envelope, replace(BINDING, column="\ud801"))


def test_the_same_secret_is_sealed_differently_each_time(vault: Vault) -> None:
    assert len({vault.seal(Secret(SECRET), BINDING) for _ in range(1_000)}) == 1_000


def test_the_plain_text_is_nowhere_in_the_envelope(vault: Vault) -> None:
    envelope = vault.seal(Secret(SECRET), BINDING)
    raw = base64.urlsafe_b64decode(envelope.split(".")[3] + "==")
    assert len(raw) == len(SECRET) + 16
    assert SECRET.encode() not in raw
    assert SECRET not in envelope


def test_an_older_key_still_opens_and_no_longer_seals() -> None:
    keyring = Keyring({"k1": ROOT_KEY, "k2": ROOT_KEY[::-1]})
    old = Vault(keyring, "k1").seal(Secret(SECRET), BINDING)
    vault = Vault(keyring, "k2")
    assert vault.active_key_id == "k2"
    assert vault.open(old, BINDING).reveal() == SECRET
    assert old.split(".")[1] == "k1"
    assert vault.seal(Secret(SECRET), BINDING).split(".")[1] == "k2"


def test_several_threads_may_seal_at_the_same_time(vault: Vault) -> None:
    with ThreadPoolExecutor(4) as pool:
        envelopes = list(pool.map(lambda _: vault.seal(Secret(SECRET), BINDING), range(400)))
    assert len(set(envelopes)) == 400
    assert {vault.open(envelope, BINDING).reveal() for envelope in envelopes} == {SECRET}


def test_a_vault_prints_only_its_key_id_and_is_neither_copied_nor_pickled(vault: Vault) -> None:
    assert repr(vault) == str(vault) == f"{vault}" == "Vault(k1)"
    assert not hasattr(vault, "__dict__")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(vault, protocol)
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            duplicate(vault)


def leaks(text: str) -> list[str]:
    """Return which of the secret, the root key and the derived key appear in a text, however written."""
    derived = Keyring({"k1": ROOT_KEY}).derive("k1", "vault/v1")
    found = []
    for secret in (SECRET.encode(), ROOT_KEY, derived):
        forms = (
            repr(secret)[2:-1],
            secret.hex(),
            base64.b64encode(secret).decode().rstrip("="),
            encode(secret),
        )
        found += [form for form in forms if form in text]
    return found


def test_no_refusal_leaks_a_secret_or_a_key_even_into_a_traceback_with_local_variables(vault: Vault) -> None:
    envelope = vault.seal(Secret(SECRET), BINDING)
    attempts = (
        lambda: vault.open(envelope, replace(BINDING, record_id="other")),
        lambda: vault.open(envelope[:-2], BINDING),
        lambda: vault.open(envelope.replace("v1.k1.", "v1.gone."), BINDING),
        lambda: vault.open("v2." + envelope, BINDING),
        lambda: vault.seal(Secret(SECRET + "\ud800"), BINDING),
        lambda: vault.seal(Secret(SECRET * MAX_SECRET_BYTES), BINDING),
    )
    for attempt in attempts:
        with pytest.raises(VaultError) as caught:
            attempt()
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        text = "".join(shown.format()) + caught.value.internal + str(caught.value.message)
        assert leaks(text) == []
        assert "self = Vault(k1)" in text
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
