"""The settings of one REST interface, read and checked: every wrong one gets a sentence of its own."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, urlsplit

from integration_admin.adapters.base import Capabilities
from integration_admin.adapters.generic_rest import fields, pointer, rules
from integration_admin.adapters.generic_rest import sign_in_fields as sign_in
from integration_admin.adapters.generic_rest.template import Template, parse
from integration_admin.adapters.linking import Posted, filled, is_fit
from integration_admin.adapters.origins import USUAL_PORTS, origin_of
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg
from integration_admin.core.records import EXPENSE_CLAIM, REIMBURSEMENT

_DEFAULTS: Final = {field.name: field.default for field in fields.CREDENTIAL_FIELDS if not field.secret}
_POINTERS: Final = tuple(name for name in _DEFAULTS if name.endswith("_pointer"))
_PATH = re.compile(r"/(?!/)[\x21-\x7e]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,60}")
_CODES = re.compile(r"(2[0-9]{2})(?:-(2[0-9]{2}))?")
_ORIGIN_LENGTH = 300

MOST_IN_BATCH: Final = 1_000
MOST_IN_FLIGHT: Final = 32
KINDS: Final = frozenset({EXPENSE_CLAIM, REIMBURSEMENT})


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
    send_method: str
    voucher_link: str
    """The address of a voucher for people, with `{id}` or `{reference}` in it; may be empty."""
    success_codes: frozenset[int]
    template: Template | None
    """The form of a voucher, where it is not the usual one."""

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
        success_codes=_codes(read["success_codes"]),
        template=parse(read["body"]) if read["body"] else None,
        **{name: read[name] for name in _AS_READ},
    )


_AS_READ = (
    "authentication", "header_name", "user", "token_url", "client_id", "scope", "send_path", "test_path",
    "lookup_path", "accounts_path", "idempotency_header", "list_name", "rejected_status",
    "send_method", "voucher_link",
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
        kinds=KINDS,
    )


def origin(settings: Mapping[str, str]) -> str:
    """Return the origin the secrets are sent to; where tokens come from another one, both.

    Raises InvalidInput.
    """
    found = options(settings)
    origins = [origin_of(found.base)]
    if found.authentication == sign_in.OAUTH:
        origins.append(origin_of(found.token_url))
    whole = " ".join(dict.fromkeys(origins))
    if len(whole) > _ORIGIN_LENGTH:
        sentence = msg("This address is too long.")
        raise InvalidInput(sentence, fields={"base_url": sentence})
    return whole


def _checks(read: Mapping[str, str]) -> list[tuple[str, Message | None]]:
    """Return (setting, what is wrong with it) for everything that is checked."""
    checks = [("base_url", _address_problem(read["base_url"], may_have_query=False))]
    checks += [(name, _whole_path_problem(read[name])) for name in ("send_path", "test_path")]
    checks.append(("voucher_link", _link_problem(read["voucher_link"], read["base_url"])))
    if read["authentication"] not in _SIGN_INS:
        checks.append(("authentication", msg("Choose one of the options.")))
    if read["authentication"] == sign_in.MUTUAL_TLS and read["base_url"].lower().startswith("http:"):
        checks.append(("base_url", msg("With a client certificate the address must begin with https.")))
    if read["authentication"] == sign_in.OAUTH:
        checks.append(("token_url", _address_problem(read["token_url"], may_have_query=True)))
    if read["authentication"] == sign_in.API_KEY:
        checks.append(("header_name", _header_problem(read["header_name"])))
    if read["idempotency_header"]:
        checks.append(("idempotency_header", _header_problem(read["idempotency_header"])))
    if read["accounts_path"]:
        checks.append(("accounts_path", _accounts_problem(read)))
    if read["lookup_path"]:
        checks.append(("lookup_path", _lookup_problem(read["lookup_path"])))
    # Only the cursor's may be empty: every other pointer has a usual value.
    checks += [(name, _pointer_problem(read[name])) for name in _POINTERS if read[name]]
    if read["send_method"] not in _METHODS:
        checks.append(("send_method", msg("Choose one of the options.")))
    checks.append(("success_codes", _problem_of(_codes, read["success_codes"])))
    if read["body"]:
        checks.append(("body", _problem_of(parse, read["body"])))
    checks.append((rules.SETTING, _problem_of(rules.parse, read[rules.SETTING])))
    checks += [(name, _number_problem(read, name, *limits)) for name, limits in _LIMITS.items()]
    return checks


_SIGN_INS = frozenset(choice.value for choice in sign_in.SIGN_IN_FIELDS[0].choices)
_METHODS = frozenset({"POST", "PUT"})
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
    return parts if parts.scheme in USUAL_PORTS and parts.hostname and port_is_right else None


def _path_problem(path: str) -> Message | None:
    if _PATH.fullmatch(path) and "#" not in path:
        return None
    return msg("Write the path only, beginning with one slash, such as /api/vouchers.")


def _link_problem(link: str, base_url: str) -> Message | None:
    """Say what is wrong with the address of a voucher; that of the interface may be linked to without https too."""
    if not link:
        return None
    example = filled(link, Posted("1", "1"))
    origins = (origin_of(base_url),) if _split(base_url) is not None else ()
    # Which host it leads to is for the settings to say, never for what the accounting system answers.
    names_host = link.partition("{")[0].count("/") > 2
    if not names_host or "{" in example or "}" in example or example == link or not is_fit(example, *origins):
        return msg(
            "Write a whole address that begins with https, with {id} or {reference} where the voucher’s own goes.",
            id="{id}",
            reference="{reference}",
        )
    return None


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


def _accounts_problem(read: Mapping[str, str]) -> Message | None:
    path = read["accounts_path"]
    if "{cursor}" in path and not read["cursor_pointer"]:
        return msg(
            "Say under “Everything else” where the mark of the next page is, or take {cursor} out.",
            cursor="{cursor}",
        )
    if "{cursor}" in path and "{page}" in path:
        return msg("Write {page} or {cursor}, not both.", page="{page}", cursor="{cursor}")
    return _path_problem(path)


def _whole_path_problem(path: str) -> Message | None:
    found = re.search(r"\{[^{}]*\}", path)
    if found is not None:
        return msg("Write in the place of {name} what it stands for.", name=found[0])
    return _path_problem(path)


def _pointer_problem(text: str) -> Message | None:
    return _problem_of(pointer.parse, text)


def _problem_of(read: Callable[[str], object], text: str) -> Message | None:
    try:
        read(text)
    except InvalidInput as wrong:
        return wrong.message
    return None


def _codes(text: str) -> frozenset[int]:
    """Return the statuses a list such as "200, 201, 204-206" names. Raises InvalidInput."""
    codes: set[int] = set()
    for part in text.split(","):
        found = _CODES.fullmatch(part.strip())
        if found is None or not (first := int(found[1])) <= (last := int(found[2] or first)):
            sentence = msg("Write numbers from 200 to 299 with commas between, such as 200, 201 or 200-299.")
            raise InvalidInput(sentence, fields={"success_codes": sentence})
        codes.update(range(first, last + 1))
    return frozenset(codes)


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
