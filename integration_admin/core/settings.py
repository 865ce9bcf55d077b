"""The settings, read once from the environment. The only module that reads environment variables."""

import os
import re
from collections.abc import Mapping, MutableMapping
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg

PREFIX = "INTEGRATION_ADMIN_"
_SHORTEST_TOKEN = 16
_REDIS_PORT = 6379
_ADDRESS = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_DATABASE = re.compile(
    r"sqlite(?:\+\w+)?://(?:/[^?]*)?(?:\?.*)?"
    r"|postgresql(?:\+\w+)?://(?:[^:/]*(?::[^@]*)?@)?+(?:\[[^/?@]+\]|[^/:?@]*)(?::\d*)?(?:/[^?]*)?(?:\?.*)?"
)
"""What SQLAlchemy can take apart: a password may hold anything but @, what follows that would be told as the host's name,
and SQLite has no host."""
_IN_MEMORY = re.compile(
    r"sqlite(?:\+\w+)?://(?:/(?::memory:|file::memory:|file:(?=.*mode=memory)[^?]*)?)?(?:\?.*)?"
)
_REDIS_NUMBER = re.compile(r"(?:/[0-9]{0,5})?")
"""Which of a Redis' databases; its client passes over any other path and takes the first one."""
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_SQLITE_FILE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:)(.+)")


class Settings(BaseSettings):
    """Everything an operator can set; README has the same table.

    Relative paths are made absolute at once: `serve` changes to another folder later.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    instance_dir: Path = Field(default=Path("instance"), validate_default=True)
    """Where the database, keys and reports live unless told otherwise."""
    database_url: str = ""
    """SQLAlchemy-style address; empty means SQLite in the instance directory."""
    redis_url: str = ""
    """Where Reflex keeps its state when several processes serve; empty means memory."""
    key_dir: Path | None = None
    """The vault's keyring; default `keys` in the instance directory."""
    public_url: str = "http://127.0.0.1:3000"
    """The exact origin people open; sign-in cookies and the websocket accept no other."""
    outbound_allow: tuple[str, ...] = ()
    """Comma-separated host[:port] or CIDR that may be called although private or plain http."""
    smtp_url: str = ""
    """The mail server for notices, smtp://user:password@host:port or smtps://…; empty means no e-mail."""
    mail_from: str = ""
    """The sender of notices, an address with a name before it if wanted."""
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    metrics_token: str = ""
    """What Prometheus sends to read /metrics, at least 16 characters; empty means there is no such address."""
    trusted_proxies: int = Field(default=0, ge=0, le=8)
    """How many reverse proxies stand in front and set X-Forwarded-For."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values only from `load_settings`, which also reads `_FILE` and refuses unknown names."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @field_validator("outbound_allow", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("instance_dir", "key_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value and value.absolute()

    @field_validator("database_url")
    @classmethod
    def _absolute_file(cls, value: str) -> str:
        # What is wrong with it is not said, for it may be the password.
        if value and not _DATABASE.fullmatch(value):
            detail = "must be sqlite:///path or postgresql://user:password@host:port/database, with %40 for @ in a password"
            raise ValueError(detail)
        if _IN_MEMORY.fullmatch(value):
            detail = "must name a file, for a database in memory is gone when the program stops"
            raise ValueError(detail)
        return _SQLITE_FILE.sub(lambda found: f"{found[1]}{Path(found[2]).absolute()}", value)

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        is_address = parts.scheme in {"redis", "rediss"} and parts.hostname and port != 0
        if value and not (is_address and _REDIS_NUMBER.fullmatch(parts.path)):
            detail = "must be redis://:password@host:port/number, or rediss:// with TLS"
            raise ValueError(detail)
        # What counts sign-ins in Redis knows no usual port.
        whole = parts.netloc if port or not value else f"{parts.netloc.removesuffix(':')}:{_REDIS_PORT}"
        address = parts._replace(netloc=whole).geturl()
        if parts.query and not _redis_takes(address):
            detail = "has an option after the question mark that Redis' client does not take"
            raise ValueError(detail)
        return address

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: str) -> str:
        if value and not _is_mail_server(value):
            detail = "must be a mail server such as smtp://user:password@mail.example.org:587"
            raise ValueError(detail)
        return value

    @field_validator("mail_from")
    @classmethod
    def _sender(cls, value: str) -> str:
        address = parseaddr(value)[1]
        if value and (not _ADDRESS.fullmatch(address) or not value.isprintable()):
            detail = "must be an e-mail address, such as Integration Admin <ia@example.org>"
            raise ValueError(detail)
        return value

    @field_validator("metrics_token")
    @classmethod
    def _not_guessable(cls, value: str) -> str:
        if value and (len(value) < _SHORTEST_TOKEN or not value.isascii() or not value.isprintable()):
            detail = f"must have at least {_SHORTEST_TOKEN} letters and digits"
            raise ValueError(detail)
        return value

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        parts = urlsplit(value)
        port = parts.port  # raises ValueError when out of range
        host = _as_browsers_write(parts.hostname or "")
        extras = (parts.path.strip("/"), parts.query, parts.fragment, parts.username, parts.password)
        if parts.scheme not in {"http", "https"} or not host or any(extras):
            detail = "must be an origin such as https://integrations.example.org"
            raise ValueError(detail)
        if parts.scheme == "http" and not is_loopback(host.strip("[]")):
            detail = "must be https unless it is this machine itself"
            raise ValueError(detail)
        # A browser's Origin header leaves the usual port out.
        usual = {"http": 80, "https": 443}[parts.scheme]
        return f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, usual} else "")

    @property
    def database(self) -> str:
        """The database address, with the SQLite default filled in."""
        return self.database_url or f"sqlite:///{self.instance_dir / 'integration_admin.sqlite3'}"

    @property
    def keys(self) -> Path:
        """The keyring directory."""
        return self.key_dir or self.instance_dir / "keys"

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies carry Secure and the `__Host-` prefix; false only on http loopback."""
        return self.public_url.startswith("https:")


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; `NAME_FILE` may hold the path of a file with the value; empty counts as not set.

    Blanks around a value do not count: files of settings saved on Windows leave a carriage return at its end.
    Raises ConfigurationError with one sentence naming the variable that is unknown or malformed.
    """
    source = os.environ if environ is None else environ
    given: dict[str, str] = {}
    for name, value in source.items():
        if not name.startswith(PREFIX):
            continue
        field, text = _resolve(name, _unquoted(name, value))
        if not text:
            continue
        if field in given:
            raise ConfigurationError(
                msg("{name} and {name}_FILE are both set. Use only one of them.", name=PREFIX + field.upper())
            )
        given[field] = _unquoted(name, text)
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic turns the strings into their types
    except ValidationError as error:
        raise _malformed(error) from None


def pin_paths(environ: MutableMapping[str, str] | None = None) -> None:
    """Make every path in the environment absolute, for processes that will run in another folder.

    Values that came from a `_FILE` stay in it unless they are paths themselves. Raises ConfigurationError.
    """
    target = os.environ if environ is None else environ
    settings = load_settings(target)
    paths = {"instance_dir": str(settings.instance_dir), "key_dir": str(settings.keys)}
    if settings.database_url.startswith("sqlite"):
        paths["database_url"] = settings.database_url
    for field, text in paths.items():
        target.pop(f"{PREFIX}{field.upper()}_FILE", None)
        target[PREFIX + field.upper()] = text
    for name in [name for name in target if name.startswith(PREFIX) and name.endswith("_FILE")]:
        path = target[name].strip()
        target[name] = str(Path(path).absolute()) if path else ""


def _unquoted(name: str, value: str) -> str:
    """Return `value` without blanks around it; raises ConfigurationError for quotation marks, which a shell would have taken off."""
    text = value.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        raise _refused(name, "write it without the quotation marks around it")
    return text


def _resolve(name: str, value: str) -> tuple[str, str]:
    """Return the field a variable sets and its text, reading `_FILE` variables."""
    field = name.removeprefix(PREFIX).lower()
    if field in Settings.model_fields:
        return field, value
    base = field.removesuffix("_file")
    if base == field or base not in Settings.model_fields:
        raise ConfigurationError(msg("{name} is not a setting.", name=name))
    try:
        return base, Path(value).read_text("utf-8-sig").strip() if value else ""
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(msg("The file {name} names cannot be read.", name=name)) from None


def _malformed(error: ValidationError) -> ConfigurationError:
    """Name the first malformed variable."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = PREFIX + str(first["loc"][0]).upper()
    return _refused(name, first["msg"].removeprefix("Value error, "))


def _refused(name: str, reason: str) -> ConfigurationError:
    return ConfigurationError(msg("{name}: {reason}.", name=name, reason=reason))


def _as_browsers_write(host: str) -> str:
    """Return `host` as a browser's Origin header has it: letters beyond ASCII encoded; empty where it is no host."""
    if ":" in host:
        return f"[{host}]"
    try:
        name = host.encode("idna").decode()
    except UnicodeError:
        return ""
    return name if _HOST.fullmatch(name) else ""


def _redis_takes(url: str) -> bool:
    """Tell whether Redis' client can be made with the options in `url`; nothing is connected yet."""
    from redis.asyncio.connection import ConnectionPool  # noqa: PLC0415, only who uses one waits for it
    from redis.exceptions import RedisError  # noqa: PLC0415, as above

    try:
        ConnectionPool.from_url(url).make_connection()  # type: ignore[no-untyped-call]  # theirs has no types
    except (RedisError, TypeError, ValueError):
        return False
    return True


def _is_mail_server(url: str) -> bool:
    """Tell whether `url` names a mail server; what is wrong with it is not said, for it may be the password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    extras = (parts.path.strip("/"), parts.query, parts.fragment)
    return parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and port != 0 and not any(extras)


def is_loopback(host: str) -> bool:
    """Tell whether `host` is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
