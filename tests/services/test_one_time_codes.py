"""Codes of authenticator apps and recovery codes, without a database."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from integration_admin.core.secret import Secret
from integration_admin.services.one_time_codes import (
    key_address,
    matching_step,
    new_key,
    new_recovery_codes,
    plain,
    recovery_hash,
)

RFC_KEY = Secret("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
"""The key of RFC 6238's test values in base32; their last six digits are what six-digit apps show."""


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_codes_are_those_of_the_standard(seconds: int, code: str) -> None:
    assert matching_step(RFC_KEY, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


@pytest.mark.parametrize(("late", "taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_code_is_taken_one_step_early_or_late_and_no_more(late: int, *, taken: bool) -> None:
    at = datetime.fromtimestamp(1234567890, UTC) + timedelta(seconds=late)
    assert (matching_step(RFC_KEY, "005924", at) is not None) is taken


@pytest.mark.parametrize("code", ["", "00592", "0059240", "00592x", "\uff10\uff10\uff15\uff19\uff12\uff14"])
def test_what_is_no_code_is_not_taken(code: str) -> None:
    assert matching_step(RFC_KEY, code, datetime.fromtimestamp(1234567890, UTC)) is None


def test_a_key_has_160_bits_and_an_address_apps_understand() -> None:
    key = new_key(lambda size: bytes(range(size)))
    assert len(key.reveal()) * 5 == 160
    address = key_address(key, "alice@example.org", "Integration Admin").reveal()
    assert address.startswith("otpauth://totp/Integration%20Admin:alice%40example.org?secret=")
    assert address.endswith("&issuer=Integration%20Admin")


def test_recovery_codes_have_120_bits_and_are_known_however_they_are_typed() -> None:
    numbers = itertools.count(1)
    codes = new_recovery_codes(lambda size: next(numbers).to_bytes(size, "big"))
    assert len({code.reveal() for code in codes}) == 10
    written = codes[0].reveal()
    assert len(plain(written)) * 5 == 120
    assert recovery_hash(f"  {written.upper().replace('-', ' – ')} ") == recovery_hash(codes[0])


@pytest.mark.parametrize("typed", ["", "123456", "abcd-efgh", "1" * 24, "a" * 25])
def test_what_cannot_be_a_recovery_code_has_no_hash(typed: str) -> None:
    assert recovery_hash(typed) is None
