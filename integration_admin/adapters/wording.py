"""Other systems' own words, made fit to show to a person and to write into a log."""

import re

from integration_admin.core.secret import Secret

_SHOWN = 300
_TAG = re.compile(r"<[^<>]*>")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
"""Half surrogate pairs too: a system that cuts its words in the middle of an emoji leaves one, and no database takes it."""


def scrub(text: object, *secrets: Secret) -> str:
    """Return someone else's words without the secrets, markup and control characters, at most 300 long."""
    words = str(text)
    for secret in secrets:
        words = words.replace(secret.reveal(), "…")
    if "<" in words:
        words = _TAG.sub(" ", words)
    if not words.isprintable():
        words = _UNPRINTABLE.sub(" ", words)
    words = " ".join(words.split())
    return words if len(words) <= _SHOWN else words[: _SHOWN - 1].rstrip() + "…"
