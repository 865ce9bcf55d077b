"""Which new passwords are too easy to guess: known words with a little around them, runs on a keyboard, one's own names.

How passwords are hashed is in passwords.py. There is no rule on what a password is composed of.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import cache
from importlib.resources import files
from typing import Final

_LIST: Final = "common_words.txt"
"""What the lists of passwords from leaks are made of, in English and Norwegian; words apart by white space."""
_WALKS: Final = (
    "12345678901234567890",
    "qwertyuiopå",
    "asdfghjkløæ",
    "zxcvbnm",
    "qwertzuiop",
    "abcdefghijklmnopqrstuvwxyzæøå",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "a1b2c3d4e5f6g7h8i9",
    "1a2b3c4d5e6f7g8h9i",
)
_RUNS: Final = tuple(line[::way] for line in _WALKS for way in (1, -1))
_SHORTEST_RUN: Final = 3
_MOST_BESIDE_RUNS: Final = 2
_FEWEST_CHARACTERS: Final = 5
"""A password of fewer different characters is one key held down, more or less."""
_LONGEST_REPEATED: Final = 8
_SHORTEST_NAME: Final = 4
_MUST_BE_LEFT: Final = 8
"""How many letters and digits must be left of a password without the names everybody around the person knows."""
_LOOKALIKES: Final = str.maketrans("@4380$5!17|", "aaebossiltl")
_PRODUCT: Final = "integration admin"


def is_easily_guessed(password: str, names: Iterable[str] = ()) -> bool:
    """Tell whether guessing programs try a password early.

    `names` are those of the person, the organisation and the product: knowing them must not be enough.
    """
    text = _folded(password)
    return (
        len(set(text)) < _FEWEST_CHARACTERS
        or _is_repeated(text)
        or _is_walked(text)
        or _is_known(text)
        or _is_named_after(text, [*names, _PRODUCT])
    )


def _is_repeated(text: str) -> bool:
    """Tell whether it is the same few characters again and again, such as `qwertyqwerty`."""
    lengths = range(1, min(_LONGEST_REPEATED, len(text) // 2) + 1)
    return any(text == (text[:size] * len(text))[: len(text)] for size in lengths)


def _is_walked(text: str) -> bool:
    """Tell whether it is made of keys beside each other, digits in order, or the alphabet."""
    at = beside = 0
    while at < len(text) and beside <= _MOST_BESIDE_RUNS:
        length = _run_at(text, at)
        beside += 0 if length else 1
        at += length or 1
    return beside <= _MOST_BESIDE_RUNS


def _run_at(text: str, at: int) -> int:
    """Return the length of the run that begins there; nothing for one too short to count."""
    end = at + _SHORTEST_RUN
    while end <= len(text) and any(text[at:end] in run for run in _RUNS):
        end += 1
    length = min(end, len(text) + 1) - 1 - at
    return length if length >= _SHORTEST_RUN else 0


def _is_known(text: str) -> bool:
    """Tell whether it is one or two known words, with digits and signs around them or in place of letters."""
    words = _words()
    return any(
        core in words or any(core[:at] in words and core[at:] in words for at in range(1, len(core)))
        for core in _cores(text)
    )


def _cores(text: str) -> set[str]:
    """Return the letters without what is put around them, also as they look: `p@ssw0rd1` is `password`."""
    around = "".join({character for character in text if not character.isalpha()})
    inner, begun = text.strip(around), text.rstrip(around)
    spelled = (text, inner.translate(_LOOKALIKES), begun.translate(_LOOKALIKES))
    return {"".join(filter(str.isalpha, one)) for one in spelled}


def _is_named_after(text: str, names: Collection[str]) -> bool:
    """Tell whether little is left of it once names are taken out."""
    parts = {part for name in names for part in re.findall(r"\w+", _folded(name))}
    parts |= {"".join(re.findall(r"\w+", _folded(name))) for name in names}
    rest = re.sub(r"[\W_]+", "", text)
    whole = rest
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORTEST_NAME:
            rest = rest.replace(part, "")
    return rest != whole and (len(rest) < _MUST_BE_LEFT or _is_known(rest))


def _folded(text: str) -> str:
    """Return text without differences of case and form, so that full-width letters are the usual ones."""
    return unicodedata.normalize("NFKC", text).casefold()


@cache
def _words() -> frozenset[str]:
    return frozenset((files(__package__) / _LIST).read_text(encoding="utf-8").split())
