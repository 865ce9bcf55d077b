"""A browser somebody has signed in with before gets in however much the account is tried, and no other does."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integration_admin.core.errors import SignInRequired, TooManyAttempts
from integration_admin.core.secret import Secret
from integration_admin.data.database import Database
from integration_admin.data.keyring import Keyring, create_key
from integration_admin.data.signing import Signer
from integration_admin.data.vault import Vault
from integration_admin.services.known_devices import KnownDevices
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import SignInLimits
from integration_admin.services.signed_in import SignedIn
from tests.builders import make_member, save_organisation
from tests.fakes import FakeClock
from tests.services.entrance import EMAIL, PASSWORD, WRONG, QuickPasswords

OFFICE = "192.0.2.1"


class House:
    """Alice and Bob of one organisation, who share an address, and what signs them in."""

    def __init__(self, database: Database, clock: FakeClock, keys: Path) -> None:
        create_key(keys, "key-1")
        self.database = database
        self.alice = make_member("Alice", email=EMAIL, password_hash=PASSWORD.reveal())
        self.bob = make_member("Bob", email="bob@example.org", password_hash=PASSWORD.reveal())
        self.limits = SignInLimits()
        signer = Signer(lambda: Vault(Keyring.load(keys), "key-1"))
        self.devices = KnownDevices(database, signer, os.urandom)
        self.sign_in = SignIn(database, QuickPasswords(), clock, os.urandom, self.limits, self.devices)

    async def come(self, device: Secret | None = None, password: Secret = PASSWORD) -> SignedIn:
        """Sign Alice in from the office."""
        found = await self.sign_in.sign_in(EMAIL, password, OFFICE, device=device)
        assert isinstance(found, SignedIn)
        return found

    async def flood(self, times: int) -> None:
        """Have somebody at the office guess at Alice's account."""
        for _ in range(times):
            try:
                await self.limits.check(EMAIL, OFFICE)
            except TooManyAttempts:
                continue


@pytest.fixture
async def house(sqlite_database: Database, clock: FakeClock, tmp_path: Path) -> AsyncIterator[House]:
    house = House(sqlite_database, clock, tmp_path / "keys")
    await save_organisation(sqlite_database, house.alice, house.bob)
    yield house
    await house.sign_in.close()


async def test_ten_thousand_guesses_from_the_persons_own_address_do_not_keep_their_browser_out(
    house: House,
) -> None:
    device = (await house.come()).device
    assert device is not None
    await house.flood(10_000)
    with pytest.raises(TooManyAttempts):
        await house.come()
    again = (await house.come(device)).device
    assert again is not None
    # Each sign-in leaves another mark, and the one before still counts.
    assert again.reveal() != device.reveal()
    assert (await house.come(device)).device is not None


async def test_a_known_browser_has_tries_of_its_own_and_then_counts_like_any_other(house: House) -> None:
    device = house.devices.mark(house.alice)
    await house.flood(10_000)
    for _ in range(10):
        with pytest.raises(SignInRequired):
            await house.come(device, WRONG)
    with pytest.raises(TooManyAttempts):
        await house.come(device)


async def test_a_mark_is_good_for_its_account_and_password_alone(house: House) -> None:
    device = house.devices.mark(house.alice)
    assert await house.devices.recognise(device, EMAIL)
    assert not await house.devices.recognise(device, house.bob.email)
    async with house.database.write(house.alice.organisation_id) as unit:
        await unit.people.set_password(house.alice.id, "another")
    assert not await house.devices.recognise(device, EMAIL)


async def test_what_was_not_signed_here_is_nobodys_mark(house: House, tmp_path: Path) -> None:
    create_key(tmp_path / "others", "key-1")
    others = Signer(lambda: Vault(Keyring.load(tmp_path / "others"), "key-1"))
    parts = house.devices.mark(house.alice).reveal().split(".")
    foreign = KnownDevices(house.database, others, os.urandom).mark(house.alice)
    forged = [
        None,
        Secret(""),
        Secret("v1...."),
        Secret("." * 600),
        Secret("v1.key-1.\udcff.b.c"),
        Secret(".".join([*parts[:1], "key-2", *parts[2:]])),
        Secret(".".join([*parts[:2], "another", *parts[3:]])),
        Secret(".".join([*parts[:4], parts[4][::-1]])),
        foreign,
    ]
    assert [await house.devices.recognise(mark, EMAIL) for mark in forged] == [""] * len(forged)
