"""The settings of one REST interface, read and checked: every wrong one gets a sentence of its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

from integration_admin.adapters.base import Capabilities
from integration_admin.adapters.generic_rest import fields, pointer
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg

_DEFAULTS: Final = {field.name: field.default for field in fields.CREDENTIAL_FIELDS if not field.secret}
_POINTERS: Final = tuple(name for name in _DEFAULTS if name.endswith("_pointer"))
_USUAL_PORTS: Final = {"http": 80, "https": 443}
_PATH = re.compile(r"/(?!/)[\x21-\x7e]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,60}")
_ORIGIN_LENGTH = 300

MOST_IN_BATCH: Final = 1_000
MOST_IN_FLIGHT: Final = 32


@dataclass(frozen=True, slots=True)
class Options:
    """How to speak with one REST interface; paths begin with a slash, optional ones may be empty."""

    base: str
    authentication: str
    header_name: str
    user: str
    token_url: str
    client_id: str
    scope: str
    send_path: str
    test_path: str
    lookup_path: str
    accounts_path: str
    idempotency_header: str
    list_name: str
    rejected_status: str
    wait_promise: bool
    pointers: Mapping[str, str]
    """By the setting's name without `_pointer`."""
    capabilities: Capabilities

    def address(self, path: str) -> str:
        """Return the whole address of a path."""
        return self.base + path


def options(settings: Mapping[str, str]) -> Options:
    """Return the settings ready for use. Raises InvalidInput with one sentence a wrong field."""
    # Every send asks for the same ones.
    return _options(tuple(settings.items()))


@lru_cache(maxsize=256)
def _options(items: tuple[tuple[str, str], ...]) -> Options:
    settings = dict(items)
    wrong: dict[str, Message] = {}
    read = {name: (settings.get(name) or default).strip() for name, default in _DEFAULTS.items()}
    if read["lookup"] == fields.NO_LOOKUP:
        read["lookup_path"] = ""
    for name, problem in _checks(read):
        if problem is not None:
            wrong.setdefault(name, problem)
    if wrong:
        raise InvalidInput(next(iter(wrong.values())), fields=wrong)
    return Options(
        base=read["base_url"].rstrip("/"),
        wait_promise=read["wait_promise"] == fields.YES,
        pointers={name.removesuffix("_pointer"): read[name] for name in _POINTERS},
        capabilities=capabilities(settings),
        **{name: read[name] for name in _AS_READ},
    )


_AS_READ = (
    "authentication", "header_name", "user", "token_url", "client_id", "scope", "send_path", "test_path",
    "lookup_path", "accounts_path", "idempotency_header", "list_name", "rejected_status",
)  # fmt: skip


def capabilities(settings: Mapping[str, str]) -> Capabilities:
    """Return what can be asked with these settings. Raises InvalidInput for a number that makes no sense."""
    send = float(_number(settings, "send_seconds", 2, 600))
    processing = float(_number(settings, "processing_seconds", 1, 3_600))
    return Capabilities(
        batch_size=_number(settings, "batch", 1, MOST_IN_BATCH),
        in_flight=_number(settings, "in_flight", 1, MOST_IN_FLIGHT),
        lookup=settings.get("lookup") != fields.NO_LOOKUP,
        processing_seconds=processing,
        quiet_seconds=max(60.0, send + processing, 2 * processing),
        send_seconds=send,
    )


def origin(settings: Mapping[str, str]) -> str:
    """Return the origin the secrets are sent to; where tokens come from another one, both.

    Raises InvalidInput.
    """
    found = options(settings)
    origins = [_origin(found.base)]
    if found.authentication == fields.OAUTH:
        origins.append(_origin(found.token_url))
    whole = " ".join(dict.fromkeys(origins))
    if len(whole) > _ORIGIN_LENGTH:
        sentence = msg("This address is too long.")
        raise InvalidInput(sentence, fields={"base_url": sentence})
    return whole


def _checks(read: Mapping[str, str]) -> list[tuple[str, Message | None]]:
    """Return (setting, what is wrong with it) for everything that is checked."""
    checks = [("base_url", _address_problem(read["base_url"], may_have_query=False))]
    checks += [(name, _path_problem(read[name])) for name in ("send_path", "test_path")]
    if read["authentication"] not in _SIGN_INS:
        checks.append(("authentication", msg("Choose one of the options.")))
    if read["authentication"] == fields.OAUTH:
        checks.append(("token_url", _address_problem(read["token_url"], may_have_query=True)))
    if read["authentication"] == fields.API_KEY:
        checks.append(("header_name", _header_problem(read["header_name"])))
    if read["idempotency_header"]:
        checks.append(("idempotency_header", _header_problem(read["idempotency_header"])))
    if read["accounts_path"]:
        checks.append(("accounts_path", _path_problem(read["accounts_path"])))
    if read["lookup_path"]:
        checks.append(("lookup_path", _lookup_problem(read["lookup_path"])))
    checks += [(name, _pointer_problem(read[name])) for name in _POINTERS]
    checks += [(name, _number_problem(read, name, *limits)) for name, limits in _LIMITS.items()]
    return checks


_SIGN_INS = frozenset({fields.NO_SIGN_IN, fields.API_KEY, fields.BEARER, fields.BASIC, fields.OAUTH})
_LIMITS = {
    "batch": (1, MOST_IN_BATCH),
    "in_flight": (1, MOST_IN_FLIGHT),
    "send_seconds": (2, 600),
    "processing_seconds": (1, 3_600),
}


def _address_problem(address: str, *, may_have_query: bool) -> Message | None:
    """Say what is wrong with an address; which hosts may be called is the outbound client's to say."""
    parts = _split(address)
    if parts is not None and (parts.username or parts.password):
        return msg(
            "The address must not hold a user name or a password. Take out everything before the @ sign."
        )
    odd = any(character.isspace() or character in "{}\\" for character in address)
    if parts is None or parts.fragment or odd or (parts.query and not may_have_query):
        return msg("Write the whole address, such as https://api.example.org, and nothing more.")
    return None


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        port_is_right = parts.port != 0
    except ValueError:
        return None
    return parts if parts.scheme in _USUAL_PORTS and parts.hostname and port_is_right else None


def _path_problem(path: str) -> Message | None:
    if _PATH.fullmatch(path) and "#" not in path:
        return None
    return msg("Write the path only, beginning with one slash, such as /api/vouchers.")


def _lookup_problem(path: str) -> Message | None:
    if path.count("{reference}") + path.count("{references}") != 1:
        return msg(
            "Write {one} or {several} once, where the reference goes.",
            one="{reference}",
            several="{references}",
        )
    return _path_problem(path)


def _header_problem(name: str) -> Message | None:
    return None if _HEADER.fullmatch(name) else msg("This cannot be the name of a header.")


def _pointer_problem(text: str) -> Message | None:
    try:
        pointer.parse(text)
    except InvalidInput as wrong:
        return wrong.message
    return None


def _number_problem(settings: Mapping[str, str], name: str, least: int, most: int) -> Message | None:
    try:
        _number(settings, name, least, most)
    except InvalidInput as wrong:
        return wrong.message
    return None


def _number(settings: Mapping[str, str], name: str, least: int, most: int) -> int:
    text = (settings.get(name) or _DEFAULTS[name]).strip()
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else -1
    if not least <= number <= most:
        sentence = msg("This must be a whole number between {least} and {most}.", least=least, most=most)
        raise InvalidInput(sentence, fields={name: sentence})
    return number


def _origin(address: str) -> str:
    """Return `scheme://host[:port]`, the usual port left out."""
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, _USUAL_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
