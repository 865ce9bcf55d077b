"""Guesses ten thousand times at one account, from many addresses and then from its person's, who signs in meanwhile.

Times the refusals too.
"""

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from itertools import count, islice
from pathlib import Path
from statistics import median

from benchmarks.instance import ORGANISATION, opened
from benchmarks.report import Figure, at_least, at_most
from integration_admin.core import logs
from integration_admin.core.errors import SignInRequired, TooManyAttempts
from integration_admin.core.secret import Secret
from integration_admin.data import migrations
from integration_admin.services.sign_in import SignIn
from integration_admin.services.sign_in_limits import PER_ACCOUNT
from integration_admin.services.signed_in import SignedIn

_GUESSES = 10_000
_ADDRESSES = 200
_AT_ONCE = 16
_PERSONS_SIGN_INS = 20
_TIMED = 60
_SEED = 1
_MOST_SECONDS = 30.0
_MOST_DIFFERENCE = 1.1
_ACCOUNT = "kari@example.org"
_PASSWORD = "kanin trapp gitter i mars"  # noqa: S105, of an installation that lives for these minutes
_HOME = "192.0.2.1"


def measure() -> list[Figure]:
    """Return how many guesses were let through, whether the person got in, and what the time of a refusal tells."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> list[Figure]:
    async with opened(folder) as application:
        # Every refusal is a line of the log; ten thousand of them would hide the table.
        logs.configure(application.settings.model_copy(update={"log_level": "ERROR"}))
        migrations.upgrade(application.settings.database)
        await application.keys.init_key("key-1")
        await application.keys.run()
        await application.services.organisations.create_administrator(
            ORGANISATION, None, _ACCOUNT, Secret(_PASSWORD)
        )
        sign_in = application.services.sign_in
        outcomes: Counter[str] = Counter()
        waits = await _attacked(sign_in, outcomes)
        beside, known_browser, other_browser = await _attacked_from_home(sign_in)
        known, unknown = await _timed(sign_in)
    ratio = max(known / unknown, unknown / known)
    return [
        at_least("guesses", sum(outcomes.values()), "guesses", _GUESSES),
        at_most("guesses_right", outcomes["in"], "guesses", 0),
        Figure("guesses_looked_at", outcomes["refused"], "guesses"),
        at_least("person_signed_in", len(waits), "times", _PERSONS_SIGN_INS),
        at_most("person_waited", max(waits), "s", _MOST_SECONDS),
        at_least("guesses_from_home", beside, "guesses", _GUESSES),
        at_least("known_browser_signed_in", known_browser, "times", 1),
        at_most("other_browser_signed_in", other_browser, "times", 0),
        at_most("refusal_time_known_to_unknown", ratio, "times", _MOST_DIFFERENCE),
    ]


async def _attacked(sign_in: SignIn, outcomes: Counter[str]) -> list[float]:
    """Guess from all addresses, and let the person sign in again and again; return how long each of those took."""
    guesses, turns = enumerate(_guesses()), asyncio.Queue[int]()

    async def guess() -> None:
        for number, (address, password) in guesses:
            if number % (_GUESSES // _PERSONS_SIGN_INS) == 0:
                turns.put_nowait(number)
            outcomes[await _outcome(sign_in, _ACCOUNT, password, address)] += 1

    async def person() -> list[float]:
        waits = []
        for _ in range(_PERSONS_SIGN_INS):
            await turns.get()
            begun = time.perf_counter()
            if await _outcome(sign_in, _ACCOUNT, _PASSWORD, _HOME) == "in":
                waits.append(time.perf_counter() - begun)
        return waits

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(guess())
        real = group.create_task(person())
    return real.result()


async def _attacked_from_home(sign_in: SignIn) -> tuple[int, int, int]:
    """Guess from the person's own address; return how often, and whether a known browser and another get in after it."""
    first = await sign_in.sign_in(_ACCOUNT, Secret(_PASSWORD), _HOME)
    device = first.device if isinstance(first, SignedIn) else None
    guesses = 0
    for _, password in _guesses():
        guesses += await _outcome(sign_in, _ACCOUNT, password, _HOME) != "in"
    known = await _outcome(sign_in, _ACCOUNT, _PASSWORD, _HOME, device)
    # The sign-in before forgave what was guessed; the guesses go on.
    for _, password in islice(_guesses(), PER_ACCOUNT.amount):
        await _outcome(sign_in, _ACCOUNT, password, _HOME)
    return guesses, known == "in", await _outcome(sign_in, _ACCOUNT, _PASSWORD, _HOME) == "in"


def _guesses() -> Iterator[tuple[str, str]]:
    """Yield an address and a password: known words with a year or a number behind, each address in its turn."""
    draw = random.Random(_SEED)  # noqa: S311, nothing secret comes of it
    listed = files("integration_admin.services") / "common_words.txt"
    words = listed.read_text(encoding="utf-8").split()
    for number in range(_GUESSES):
        place = number % _ADDRESSES
        yield f"198.51.{place // 250}.{place % 250}", f"{draw.choice(words)}-{draw.randrange(1900, 2030)}!"


async def _timed(sign_in: SignIn) -> tuple[float, float]:
    """Return the median seconds of a refusal for an account there is and for one there is not, taken in turn."""
    seconds: dict[str, list[float]] = {"known": [], "unknown": []}
    addresses = count(1)
    for number in range(_TIMED):
        for kind, account in (("known", _ACCOUNT), ("unknown", f"nobody{number}@example.org")):
            begun = time.perf_counter()
            outcome = await _outcome(
                sign_in, account, "en helt annen setning", f"203.0.113.{next(addresses)}"
            )
            if outcome != "refused":
                raise RuntimeError(outcome)
            seconds[kind].append(time.perf_counter() - begun)
    return median(seconds["known"]), median(seconds["unknown"])


async def _outcome(
    sign_in: SignIn, account: str, password: str, address: str, device: Secret | None = None
) -> str:
    try:
        await sign_in.sign_in(account, Secret(password), address, device=device)
    except SignInRequired:
        return "refused"
    except TooManyAttempts:
        return "throttled"
    return "in"
