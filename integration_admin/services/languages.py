"""Which language somebody reads who is not signed in: their own choice, else what the browser asks for."""

from collections.abc import Iterable

from integration_admin.core.messages import DEFAULT_LANGUAGE, LANGUAGES

LANGUAGE_COOKIE = "language"
_ALIASES = {"no": "nb"}


def language_of(cookies: str, accept_language: str) -> str:
    """Return nb, nn or en for a request's Cookie and Accept-Language headers (RFC 9110 12.5.4)."""
    chosen = chosen_language(cookies)
    if chosen is not None:
        return chosen
    for tag in _by_weight(accept_language[:200].split(",")):
        primary = tag.split("-")[0].strip().lower()
        language = _ALIASES.get(primary, primary)
        if language in LANGUAGES:
            return language
    return DEFAULT_LANGUAGE


def chosen_language(cookies: str) -> str | None:
    """Return the language somebody has chosen in this browser, as a Cookie header tells, or None."""
    for pair in cookies.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == LANGUAGE_COOKIE and value in LANGUAGES:
            return value
    return None


def _by_weight(entries: Iterable[str]) -> list[str]:
    weighted: list[tuple[float, str]] = []
    for entry in entries:
        tag, _, weight = entry.partition(";q=")
        try:
            weighted.append((-float(weight or 1), tag))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighted, key=lambda pair: pair[0])]
