"""How passwords are stored and checked."""

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from integration_admin.core.errors import InvalidInput
from integration_admin.core.secret import Secret
from integration_admin.services.passwords import Passwords, check_new_password


@pytest.mark.parametrize("length", [0, 11, 257])
def test_a_new_password_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_new_password(Secret("x" * length))
    assert set(caught.value.fields) == {"password"}


@pytest.mark.parametrize("password", ["x" * 12, "x" * 256, "bare små bokstaver", "        mellomrom"])
def test_what_a_password_is_composed_of_is_free(password: str) -> None:
    check_new_password(Secret(password))


async def test_the_hash_is_argon2id_at_the_documented_cost() -> None:
    stored = await Passwords().hash(Secret("correct horse battery"))
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_only_the_whole_password_is_right() -> None:
    passwords, long = Passwords(), "å" * 256
    stored = await passwords.hash(Secret(long))
    assert await passwords.verify(Secret(long), stored) == (True, None)
    assert await passwords.verify(Secret(long[:-1]), stored) == (False, None)


async def test_letters_composed_in_another_way_are_the_same_letters() -> None:
    passwords = Passwords()
    stored = await passwords.hash(Secret("bl\u00e5b\u00e6rsyltet\u00f8y"))
    assert (await passwords.verify(Secret("bla\u030ab\u00e6rsyltet\u00f8y"), stored))[0]


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
