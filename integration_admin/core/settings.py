"""The settings, read once from the environment. The only module that reads environment variables."""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from integration_admin.core.errors import ConfigurationError
from integration_admin.core.messages import msg

PREFIX = "INTEGRATION_ADMIN_"


class Settings(BaseSettings):
    """Everything an operator can set; README has the same table."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    instance_dir: Path = Path("instance")
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
    mail_from: str = ""
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
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

    @field_validator("public_url")
    @classmethod
    def _origin(cls, value: str) -> str:
        parts = urlsplit(value)
        port = parts.port  # raises ValueError when out of range
        extras = (parts.path.strip("/"), parts.query, parts.fragment, parts.username, parts.password)
        if parts.scheme not in {"http", "https"} or not parts.hostname or any(extras):
            detail = "must be an origin such as https://integrations.example.org"
            raise ValueError(detail)
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            detail = "must be https unless it is this machine itself"
            raise ValueError(detail)
        # A browser's Origin header is in lower case and leaves the usual port out.
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
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

    Raises ConfigurationError with one sentence naming the variable that is unknown or malformed.
    """
    source = os.environ if environ is None else environ
    given: dict[str, str] = {}
    for name, value in source.items():
        if not name.startswith(PREFIX):
            continue
        field, text = _resolve(name, value)
        if not text:
            continue
        if field in given:
            raise ConfigurationError(msg("{name} and {name}_FILE are both set.", name=PREFIX + field.upper()))
        given[field] = text
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic turns the strings into their types
    except ValidationError as error:
        raise _malformed(error) from None


def _resolve(name: str, value: str) -> tuple[str, str]:
    """Return the field a variable sets and its text, reading `_FILE` variables."""
    field = name.removeprefix(PREFIX).lower()
    if field in Settings.model_fields:
        return field, value
    base = field.removesuffix("_file")
    if base == field or base not in Settings.model_fields:
        raise ConfigurationError(msg("{name} is not a setting.", name=name))
    try:
        return base, Path(value).read_text().strip() if value else ""
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(msg("The file {name} names cannot be read.", name=name)) from None


def _malformed(error: ValidationError) -> ConfigurationError:
    """Name the first malformed variable."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = PREFIX + str(first["loc"][0]).upper()
    reason = first["msg"].removeprefix("Value error, ")
    return ConfigurationError(msg("{name}: {reason}.", name=name, reason=reason))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
