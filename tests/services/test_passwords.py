"""How passwords are stored and checked."""

import unicodedata

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from integration_admin.core.errors import InvalidInput
from integration_admin.core.secret import Secret
from integration_admin.services.passwords import Passwords, check_new_password

LONGEST = ("blå transport over en bro, " * 10)[:256]


@pytest.mark.parametrize("length", [0, 11, 257, 100_000])
def test_a_new_password_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_new_password(Secret(("tre katter på et tak " * 5000)[:length]))
    assert set(caught.value.fields) == {"password"}


@pytest.mark.parametrize("password", ["xkvbmqtrwzpf", LONGEST, "bare små bokstaver", "        mellomrom"])
def test_what_a_password_is_composed_of_is_free(password: str) -> None:
    check_new_password(Secret(password))


async def test_the_hash_is_argon2id_at_the_documented_cost() -> None:
    stored = await Passwords().hash(Secret("correct horse battery"))
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_only_the_whole_password_is_right() -> None:
    passwords, long = Passwords(), LONGEST
    stored = await passwords.hash(Secret(long))
    assert await passwords.verify(Secret(long), stored) == (True, None)
    assert await passwords.verify(Secret(long[:-1]), stored) == (False, None)


async def test_letters_composed_in_another_way_are_the_same_letters() -> None:
    passwords = Passwords()
    stored = await passwords.hash(Secret("bl\u00e5b\u00e6rsyltet\u00f8y"))
    assert (await passwords.verify(Secret("bla\u030ab\u00e6rsyltet\u00f8y"), stored))[0]


async def test_a_long_password_may_be_typed_in_letters_of_two_parts() -> None:
    passwords, composed = Passwords(), "\u00e5 dra p\u00e5 t\u00e5 " * 20
    stored = await passwords.hash(Secret(composed))
    apart = unicodedata.normalize("NFD", composed)
    assert len(apart) > 256 >= len(composed)
    assert (await passwords.verify(Secret(apart), stored))[0]


async def test_half_a_character_is_a_wrong_password_and_no_error() -> None:
    assert not (await Passwords().verify(Secret("\ud800 tre katter p\u00e5 tak"), None))[0]


async def test_a_hash_made_with_less_work_is_replaced() -> None:
    password = Secret("correct horse battery")
    weak = Argon2Hasher(time_cost=1, memory_cost=8192, parallelism=1).hash(password.reveal())
    right, better = await Passwords().verify(password, weak)
    assert right
    assert better is not None
    assert better.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("stored", [None, "", "not a hash"])
async def test_nothing_is_right_where_nothing_is_stored(stored: str | None) -> None:
    assert await Passwords().verify(Secret("correct horse battery"), stored) == (False, None)
