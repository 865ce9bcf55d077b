"""The demo tenant and its registered apps, made from a seed; they open nothing but this sandbox."""

import base64
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

ENVIRONMENT: Final = "production"
TENANT_DOMAIN: Final = "eksempelforbundet.onmicrosoft.com"

_APPS: Final[Mapping[str, tuple[bool, bool, bool]]] = MappingProxyType(
    {
        "full": (True, True, True),
        "not_enabled": (True, False, True),
        "no_consent": (False, True, True),
        "read_only": (True, True, False),
    }
)
"""Name -> whether an administrator consented, enabled it inside Dynamics, and let it write there."""


@dataclass(slots=True)
class App:
    """One registered app."""

    name: str
    client_id: str
    secret: str
    secret_id: str
    expired_secret: str
    consented: bool
    enabled: bool
    may_write: bool


def tenant_of(seed: int) -> str:
    """Return the demo tenant's id."""
    return _guid(seed, "tenant")


def apps_of(seed: int) -> dict[str, App]:
    """Return the registered apps by client id."""
    apps = [_app(seed, name, *marks) for name, marks in _APPS.items()]
    return {app.client_id: app for app in apps}


def demo_credentials(seed: int) -> dict[str, Any]:
    """Return the demo credentials of `seed`.

    `full` may do everything; `not_enabled` gets tokens and is not registered in Dynamics, `no_consent` gets
    tokens without a role, `read_only` may only read. `secret_id` is what people paste by mistake.
    """
    apps = {app.name: app for app in apps_of(seed).values()}
    full = apps["full"]
    return {
        "tenant": tenant_of(seed),
        "tenant_domain": TENANT_DOMAIN,
        "client_id": full.client_id,
        "client_secret": full.secret,
        "secret_id": full.secret_id,
        "expired_secret": full.expired_secret,
        "apps": {
            name: {"client_id": app.client_id, "client_secret": app.secret} for name, app in apps.items()
        },
    }


def _app(seed: int, name: str, consented: bool, enabled: bool, may_write: bool) -> App:  # noqa: FBT001, a row of the table above
    return App(
        name,
        client_id=_guid(seed, f"client {name}"),
        secret=_secret(seed, name),
        secret_id=_guid(seed, f"secret {name}"),
        expired_secret=_secret(seed, f"{name}-expired"),
        consented=consented,
        enabled=enabled,
        may_write=may_write,
    )


def _digest(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"demo Dynamics {name} {seed}".encode()).digest()


def _guid(seed: int, name: str) -> str:
    return str(uuid.UUID(bytes=_digest(seed, name)[:16], version=4))


def _secret(seed: int, name: str) -> str:
    return f"demo-{name}~" + base64.urlsafe_b64encode(_digest(seed, f"value {name}")[:24]).decode()
