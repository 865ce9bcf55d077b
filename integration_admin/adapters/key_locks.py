"""How much work a locked private key asks for before it opens. Whoever locked it has written that into it themselves.

Opening happens in one go, while nothing else of this process does, so it is judged first. Nothing is opened here.
Facts: RFC 5208, section 6; RFC 8018, appendix A; RFC 7914, section 7; RFC 7292, appendix C.
"""

import math
from collections.abc import Iterator
from typing import Final

MOST_WORK: Final = 1_048_576
"""Rounds of PBKDF2, or the product of scrypt's numbers, which is 128 MiB: either takes about a second."""
_INTEGER, _OCTETS, _SEQUENCE = 0x02, 0x04, 0x30
_SCRYPT: Final = bytes.fromhex("06092b06010401da47040b")


def opens_in_time(key: bytes) -> bool:
    """Tell whether a key in the form EncryptedPrivateKeyInfo (DER) may be opened; not one that cannot be read."""
    try:
        ((_, whole),) = _items(key)
        _, algorithm = next(_items(whole))
        (numbers,) = _numbers(algorithm)
    except (ValueError, StopIteration, IndexError, RecursionError):
        return False
    if not numbers or min(numbers) < 1:
        return False
    return (math.prod(numbers[:3]) if _SCRYPT in algorithm else numbers[0]) <= MOST_WORK


def _numbers(algorithm: bytes) -> Iterator[list[int]]:
    """Yield the numbers after each salt: those of the one derivation there is."""
    items = list(_items(algorithm))
    if items and items[0][0] == _OCTETS:
        yield [int.from_bytes(value, signed=True) for tag, value in items if tag == _INTEGER]
    for tag, value in items:
        if tag == _SEQUENCE:
            yield from _numbers(value)


def _items(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of what follows each other. Raises ValueError, IndexError."""
    place = 0
    while place < len(der):
        tag, length, place = der[place], der[place + 1], place + 2
        if length > 127:
            end = place + length - 128
            length, place = int.from_bytes(der[place:end]), end
        if place + length > len(der):
            raise ValueError(place)
        yield tag, der[place : place + length]
        place += length
