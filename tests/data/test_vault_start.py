"""Which keys may serve which database: the rules a start is judged by."""

import pytest

from integration_admin.core.errors import KeyMismatch, KeyMissing
from integration_admin.data.key_rules import RegisteredKey, StartReport, check_start
from integration_admin.data.keyring import Keyring

ROOT_KEY = b"FAKE-root-key-FAKE-root-key-FAKE"


def registered(keyring: Keyring, **states: str) -> list[RegisteredKey]:
    return [RegisteredKey(key_id, keyring.kcv(key_id), state) for key_id, state in states.items()]  # type: ignore[arg-type]  # states are literals at every call


ALL = Keyring({"k1": ROOT_KEY, "k2": ROOT_KEY[::-1]})
ONE = Keyring({"k1": ROOT_KEY})
NONE = Keyring({})
WRONG = Keyring({"k1": bytes(32), "k2": ROOT_KEY[::-1]})


def test_the_start_reports_the_active_key() -> None:
    assert check_start(ONE, registered(ONE, k1="active"), {"k1": 3}) == StartReport("k1", ())
    assert check_start(ALL, registered(ALL, k1="old", k2="active"), {"k1": 3}) == StartReport("k2", ())


def test_with_nothing_at_all_the_start_says_what_to_run() -> None:
    for nothing in ({}, {"k1": 0}):
        with pytest.raises(KeyMissing, match="integration-admin init-key"):
            check_start(NONE, [], nothing)


def test_lost_keys_refuse_the_start_and_are_named() -> None:
    with pytest.raises(KeyMissing, match="k1, k2") as caught:
        check_start(NONE, registered(ALL, k1="old", k2="active"), {"k2": 1, "k1": 5, "k0": 0})
    assert "init-key" not in str(caught.value.message)
    with pytest.raises(KeyMissing, match="k1"):
        check_start(NONE, [], {"k1": 1})
    with pytest.raises(KeyMissing, match="k1"):
        check_start(NONE, registered(ONE, k1="active"), {})


def test_a_missing_active_key_refuses_the_start_although_others_are_there() -> None:
    with pytest.raises(KeyMissing, match="k2"):
        check_start(ONE, registered(ALL, k1="old", k2="active"), {})


def test_a_wrong_active_key_refuses_the_start() -> None:
    with pytest.raises(KeyMismatch, match="k1") as caught:
        check_start(WRONG, registered(ALL, k1="active", k2="old"), {})
    assert ALL.kcv("k1") not in caught.value.internal


def test_an_older_missing_or_wrong_key_is_reported_only_where_secrets_need_it() -> None:
    three = Keyring({"k0": bytes(32), "k1": ROOT_KEY, "k2": ROOT_KEY[::-1]})
    rows = registered(three, k0="old", k1="old", k2="active")
    only_active = Keyring({"k2": ROOT_KEY[::-1]})
    assert check_start(only_active, rows, {"k1": 2, "k0": 1, "k2": 9}) == StartReport("k2", ("k0", "k1"))
    assert check_start(only_active, rows, {"k1": 0, "k2": 9}) == StartReport("k2", ())
    assert check_start(WRONG, rows, {"k1": 2}) == StartReport("k2", ("k1",))
    assert check_start(only_active, rows, {"unheard-of": 1}) == StartReport("k2", ("unheard-of",))


def test_a_key_file_the_database_does_not_know_is_not_taken_into_use_by_itself() -> None:
    for keyring in (ONE, ALL):
        with pytest.raises(KeyMissing, match="integration-admin init-key"):
            check_start(keyring, [], {})
        with pytest.raises(KeyMismatch, match="Restore"):
            check_start(keyring, [], {"k1": 1})


@pytest.mark.parametrize("states", [{"k1": "old", "k2": "old"}, {"k1": "active", "k2": "active"}])
def test_none_or_two_active_keys_refuse_the_start(states: dict[str, str]) -> None:
    with pytest.raises(KeyMismatch, match="one active"):
        check_start(ALL, registered(ALL, **states), {})
