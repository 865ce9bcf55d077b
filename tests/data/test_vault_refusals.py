"""What the vault refuses: altered, truncated and moved envelopes, and whatever is no envelope."""

import base64
import json
from dataclasses import fields, replace
from itertools import pairwise, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_admin.core.errors import KeyMissing, SecretUnreadable, VaultError
from integration_admin.core.secret import Secret
from integration_admin.data.keyring import Keyring
from integration_admin.data.vault import MAX_ENVELOPE_CHARACTERS, Binding, Vault, aead_seal
from security.envelopes import attempt

KNOWN = json.loads((Path(__file__).parent / "vectors" / "vault_v1.json").read_text())

BINDING = Binding(**KNOWN["envelopes"][0]["binding"])
ROOT_KEY = b"FAKE-root-key-FAKE-root-key-FAKE"
SECRET = "FAKE-canary-4f1c"


def a_vault() -> Vault:
    return Vault(Keyring({"k1": ROOT_KEY, "k2": ROOT_KEY[::-1]}), "k1")


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def flips(data: bytes) -> list[bytes]:
    whole = int.from_bytes(data, "big")
    return [(whole ^ (1 << bit)).to_bytes(len(data), "big") for bit in range(8 * len(data))]


def refused(envelope: str, binding: Binding = BINDING) -> VaultError:
    """Open what must not open; whatever else comes out fails the test."""
    with pytest.raises((KeyMissing, SecretUnreadable)) as caught:
        a_vault().open(envelope, binding)
    return caught.value


@pytest.mark.parametrize("secret", ["", "s", "secret7", "sixteen bytes ok", "å" * 20])
def test_every_flipped_bit_of_nonce_ciphertext_and_tag_is_refused(secret: str) -> None:
    version, key_id, nonce, sealed = a_vault().seal(Secret(secret), BINDING).split(".")
    altered = [(flipped, sealed) for flipped in map(encode, flips(decode(nonce)))]
    altered += [(nonce, flipped) for flipped in map(encode, flips(decode(sealed)))]
    assert len(altered) == 8 * (12 + len(secret.encode()) + 16)
    for parts in altered:
        assert isinstance(refused(".".join((version, key_id, *parts))), SecretUnreadable)


def test_every_flipped_bit_of_every_character_of_an_envelope_is_refused() -> None:
    for secret in ("", "s", "se"):  # three lengths: none, two and four stray bits at the end
        envelope = a_vault().seal(Secret(secret), BINDING)
        for place, bit in product(range(len(envelope)), range(8)):
            flipped = chr(ord(envelope[place]) ^ (1 << bit))
            refused(envelope[:place] + flipped + envelope[place + 1 :])


def test_stray_bits_padding_and_the_other_alphabet_are_refused() -> None:
    for secret in ("s", "se", "sec"):
        envelope = a_vault().seal(Secret(secret), BINDING)
        *head, sealed = envelope.split(".")
        data = decode(sealed)
        written_otherwise = [f"{envelope}=", f"{envelope}==", f"{envelope}\n", f" {envelope}", f"{envelope}."]
        written_otherwise += [
            ".".join((*head, sealed[:-1] + last))
            for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            if last != sealed[-1] and decode(sealed[:-1] + last) == data
        ]
        for other in written_otherwise:
            refused(other)
    assert isinstance(refused("v1.k1.++++++++++++++++." + "A" * 22), SecretUnreadable)
    assert isinstance(refused("v1.k1.////////////////." + "A" * 22), SecretUnreadable)


def test_truncation_at_every_length_and_from_both_ends_is_refused() -> None:
    envelope = a_vault().seal(Secret(SECRET), BINDING)
    *head, sealed = envelope.split(".")
    for length in range(len(envelope)):
        refused(envelope[:length])
        refused(envelope[len(envelope) - length :])
    for length in range(len(decode(sealed))):
        assert isinstance(refused(".".join((*head, encode(decode(sealed)[:length])))), SecretUnreadable)


@pytest.mark.parametrize("field", [field.name for field in fields(Binding)])
def test_every_field_of_the_binding_is_bound(field: str) -> None:
    vault = a_vault()
    envelope = vault.seal(Secret(SECRET), BINDING)
    value = getattr(BINDING, field)
    for other in ("", value[:-1], value + "x", value.upper(), value + "\0", value[::-1]):
        error = refused(envelope, replace(BINDING, **{field: other}))
        assert isinstance(error, SecretUnreadable)


def test_moving_text_between_neighbouring_fields_is_refused() -> None:
    names = [field.name for field in fields(Binding)]
    for left, right in pairwise(names):
        envelope = a_vault().seal(Secret(SECRET), replace(BINDING, **{left: "ab", right: "c"}))
        refused(envelope, replace(BINDING, **{left: "a", right: "bc"}))
        refused(envelope, replace(BINDING, **{left: "c", right: "ab"}))


def test_another_key_id_in_the_envelope_is_refused_even_where_both_keys_are_the_same() -> None:
    keyring = Keyring({"k1": ROOT_KEY, "k2": ROOT_KEY})
    vault = Vault(keyring, "k1")
    envelope = vault.seal(Secret(SECRET), BINDING)
    with pytest.raises(SecretUnreadable):
        vault.open(envelope.replace("v1.k1.", "v1.k2."), BINDING)


def test_a_secret_opens_only_in_its_own_organisation_row_and_column() -> None:
    vault = a_vault()
    places = [
        replace(BINDING, organisation_id=organisation, record_id=row, column=column)
        for organisation, row, column in product(
            ("o1", "o2", "o3"), ("r1", "r2", "r3", "r4"), ("a", "b", "c")
        )
    ]
    sealed = {place: vault.seal(Secret(SECRET), place) for place in places}
    opened = 0
    for (home, envelope), place in product(sealed.items(), places):
        if place == home:
            assert vault.open(envelope, place).reveal() == SECRET
            opened += 1
        else:
            refused(envelope, place)
    assert opened == len(places) == 36


@pytest.mark.parametrize(
    "origin",
    [
        "http://www.xledger.net",
        "https://www.xledger.net:8443",
        "https://www.xledger.net.evil.example",
        "https://xledger.net",
    ],
)
def test_a_changed_address_never_receives_the_old_secret(origin: str) -> None:
    refused(a_vault().seal(Secret(SECRET), BINDING), replace(BINDING, target_origin=origin))


@pytest.mark.parametrize(
    "envelope",
    [
        "", ".", "...", "....", "v1", "v1.k1", "v1.k1..", "plain text", SECRET, "v1.k1.é.é", "v1.k1.\ud800.\0",
        "v1.k1." + "A" * 16 + "." + "A" * 22 + ".A", "v1.k1." + "A" * 15 + "." + "A" * 22,
        "v1.k1." + "A" * 20 + "." + "A" * 22, "v1.k1." + "A" * 16 + "." + "A" * 21, "v1.K1." + "A" * 16 + "." + "A" * 22,
        "v1.../k1." + "A" * 16 + "." + "A" * 22, "v1.k1\n." + "A" * 16 + "." + "A" * 22,
    ],
)  # fmt: skip
def test_what_is_no_envelope_is_unreadable(envelope: str) -> None:
    assert isinstance(refused(envelope), SecretUnreadable)


@pytest.mark.parametrize("version", ["v0", "v2", "v10", "V1", "1", "", "enc", "gAAAAAB"])
def test_an_unknown_version_is_unreadable(version: str) -> None:
    envelope = a_vault().seal(Secret(SECRET), BINDING)
    assert isinstance(refused(version + envelope.removeprefix("v1")), SecretUnreadable)


def test_an_unknown_key_is_missing_by_name_and_no_other_is_tried() -> None:
    envelope = Vault(Keyring({"k9": ROOT_KEY}), "k9").seal(Secret(SECRET), BINDING)
    error = refused(envelope)
    assert isinstance(error, KeyMissing)
    assert "k9" in str(error.message)
    with pytest.raises(KeyMissing, match="k9"):
        Vault(Keyring({"k1": ROOT_KEY}), "k9")


def test_an_envelope_longer_than_the_limit_is_refused_unread() -> None:
    head = f"v1.k12.{'A' * 16}."
    longest = head + "A" * (MAX_ENVELOPE_CHARACTERS - len(head))
    assert isinstance(refused(longest), KeyMissing)
    assert "too long" in refused(longest + "A").internal


def test_what_authenticates_but_is_no_text_is_unreadable() -> None:
    keyring = Keyring({"k1": ROOT_KEY})
    aad = b"".join(
        len(part).to_bytes(4, "big") + part
        for part in (b"integration-admin/vault", b"v1", b"k1", *(b"" for _ in range(6)))
    )
    sealed = aead_seal(keyring.derive("k1", "vault/v1"), bytes(12), b"FAKE-\xff", aad)
    with pytest.raises(SecretUnreadable) as caught:
        Vault(keyring, "k1").open(
            f"v1.k1.{encode(bytes(12))}.{encode(sealed)}", Binding("", "", "", "", "", "")
        )
    assert caught.value.__context__ is None


def test_three_thousand_damaged_envelopes_are_refused_with_vault_errors_and_nothing_else() -> None:
    assert attempt(3_000) == {"VaultError": 3_000}


@given(
    st.one_of(st.text(), st.from_regex(r"v1\.k[12]\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{20,60}", fullmatch=True))
)
@settings(max_examples=300, deadline=None)
def test_whatever_text_is_opened_only_a_vault_error_comes_of_it(envelope: str) -> None:
    refused(envelope)
