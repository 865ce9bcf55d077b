"""Guessing at one account from many addresses gets nowhere, and the real person is not in its way."""

import pytest

from integration_admin.core.errors import SignInRequired, TooManyAttempts
from integration_admin.core.secret import Secret
from integration_admin.data.database import Database
from integration_admin.services.passwords import Passwords
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import SignInLimits
from tests.fakes import FakeClock
from tests.services.people import Office

ACCOUNT = "alice@example.org"
GUESS = Secret("wrong horse battery")
STORED = f"$argon2id$v=19$m=65536,t=3,p=4${'B' * 22}${'B' * 43}"
"""A password's hash as it is stored; nobody knows the password."""


class CountingPasswords(Passwords):
    """Passwords that remember what each check was compared with."""

    def __init__(self) -> None:
        super().__init__()
        self.compared: list[str] = []

    def _compare(self, password: bytes, stored: str) -> tuple[bool, str | None]:
        self.compared.append(stored)
        return super()._compare(password, stored)


async def is_let_try(limits: SignInLimits, address: str, account: str = ACCOUNT) -> bool:
    try:
        await limits.check(account, address)
    except TooManyAttempts:
        return False
    return True


async def test_many_addresses_have_few_tries_between_them_and_the_real_person_has_one() -> None:
    limits = SignInLimits()
    addresses = [f"198.51.{number // 250}.{number % 250}" for number in range(500)]
    tried = [await is_let_try(limits, address) for _ in range(5) for address in addresses]
    # A hundred from anywhere, then three from each address in a quarter of an hour.
    assert sum(tried) == 100 + 3 * len(addresses)
    assert await is_let_try(limits, "192.0.2.1")
    assert await is_let_try(limits, addresses[0], "bob@example.org")


async def test_a_person_with_a_typing_mistake_gets_in_while_the_account_is_tried_from_everywhere() -> None:
    limits = SignInLimits()
    for number in range(120):
        await is_let_try(limits, f"198.51.100.{number}")
    assert [await is_let_try(limits, "192.0.2.1") for _ in range(4)] == [True, True, True, False]
    await limits.forgive(ACCOUNT, "192.0.2.1")
    assert await is_let_try(limits, "192.0.2.1")


@pytest.mark.parametrize("kind", ["known", "unknown", "disabled", "broken"])
async def test_every_refusal_costs_one_check_of_the_same_price(
    sqlite_database: Database, clock: FakeClock, kind: str
) -> None:
    office = await Office(sqlite_database, clock).open()
    passwords = CountingPasswords()
    async with office.database.write(office.bob.organisation_id) as unit:
        bob = await unit.organisations.member(office.bob.id)
        if kind != "broken":
            bob.password_hash = STORED
        if kind == "disabled":
            bob.disabled_at = clock.now()
    sign_in = SignIn(office.database, passwords, clock, lambda size: b"x" * size)
    email = "nobody@example.org" if kind == "unknown" else office.bob.email
    with pytest.raises(SignInRequired):
        await sign_in.sign_in(email, GUESS, "192.0.2.1")
    await sign_in.close()
    (stored,) = passwords.compared
    # A stored value that is no hash is noticed only there, and the work of one is done in its place.
    assert stored.startswith("not" if kind == "broken" else "$argon2id$v=19$m=65536,t=3,p=4$")
