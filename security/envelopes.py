"""Malformed envelopes by the million: the vault opens none, and says so with errors of one type."""

import base64
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Final

from benchmarks.report import Figure, at_least, at_most
from integration_admin.core.errors import VaultError
from integration_admin.core.secret import Secret
from integration_admin.data.keyring import Keyring
from integration_admin.data.vault import MAX_ENVELOPE_CHARACTERS, Binding, Vault

_ENVELOPES = 1_000_000
_SECRET: Final = "FAKE-canary-4f1c"  # noqa: S105, a marked fake
_BINDING: Final = Binding("credentials", "envelope/token", "o", "r", "xledger", "https://www.xledger.net")
_ROOT_KEY: Final = b"FAKE-root-key-FAKE-root-key-FAKE"
_ALPHABET: Final = "AZaz09-_.=+/ v1k2\0é🔑\n\ud800\u202e\uff11"


def measure() -> list[Figure]:
    """Open a million malformed envelopes."""
    came_of = attempt(_ENVELOPES)
    refused = came_of.pop(VaultError.__name__, 0)
    return [
        at_least("envelopes_refused", refused, "envelopes", _ENVELOPES),
        at_most("envelopes_opened", came_of.pop("opened", 0), "envelopes", 0),
        at_most("envelopes_other_errors", came_of.total(), "envelopes", 0),
    ]


def attempt(count: int, seed: int = 20261121) -> Counter[str]:
    """Open `count` malformed envelopes; return what came of them: VaultError, `opened`, `told` or another error's name."""
    vault = Vault(Keyring({"k1": _ROOT_KEY, "k2": _ROOT_KEY[::-1]}), "k1")
    came_of: Counter[str] = Counter()
    for envelope in damaged(vault, count, seed):
        try:
            vault.open(envelope, _BINDING)
        except VaultError as error:
            told = _SECRET in f"{error.internal}{error.message}"
            came_of["told" if told else VaultError.__name__] += 1
        except Exception as error:  # noqa: BLE001, each is a failure to be counted
            came_of[type(error).__name__] += 1
        else:
            came_of["opened"] += 1
    return came_of


def damaged(vault: Vault, count: int, seed: int) -> Iterator[str]:
    """Yield envelopes as a stranger, a bad copy or a clumsy edit might leave them; none is a sound one."""
    random = Random(seed)  # noqa: S311, damage has to be repeatable
    sound = [vault.seal(Secret(_SECRET * length), _BINDING) for length in range(5)]
    sound.append(vault.seal(Secret("x" * 2_000), _BINDING))
    while count:
        envelope = _damage(random, random.choice(sound))
        if envelope not in sound:
            count -= 1
            yield envelope


def _damage(random: Random, envelope: str) -> str:
    start, end = sorted(random.choices(range(len(envelope) + 1), k=2))
    noise = "".join(random.choices(_ALPHABET, k=random.randrange(6)))
    version, key_id, nonce, sealed = envelope.split(".")
    shuffled = [version, key_id, nonce, sealed]
    random.shuffle(shuffled)
    return random.choice(
        (
            envelope[:start] + noise + envelope[end:],
            envelope[:start] + noise + envelope[start:],
            envelope[:start] + random.choice(_ALPHABET) + envelope[start + 1 :],
            envelope[start:] + envelope[:start],
            envelope[:start] * 2 + envelope[end:],
            envelope[: random.randrange(len(envelope))],
            ".".join(shuffled),
            f"{version}.k2.{nonce}.{sealed}",
            ".".join((version, random.choice(("gone", "K1", "", "k1" * 40)), nonce, sealed)),
            ".".join((version, key_id, nonce, _flipped(random, sealed))),
            ".".join((version, key_id, _flipped(random, nonce), sealed)),
            ".".join(
                ("v1", "k1", _text(random.randbytes(12)), _text(random.randbytes(random.randrange(64))))
            ),
            "".join(random.choices(_ALPHABET, k=random.randrange(80))),
            envelope + "A" * (MAX_ENVELOPE_CHARACTERS if random.random() < 0.01 else 4),
        )
    )


def _flipped(random: Random, part: str) -> str:
    """Return base64url with one bit of what it stands for flipped."""
    data = bytearray(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return _text(bytes(data))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
