"""What both Dynamics systems ask for: whose cloud, which tenant, and the app that signs in.

Where each system's own interface lies is its own to say.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from integration_admin.adapters.base import Choice, CredentialField
from integration_admin.adapters.dynamics.entra_errors import SHARED_TENANT
from integration_admin.core.errors import InvalidInput
from integration_admin.core.messages import Message, msg

MICROSOFT: Final = "microsoft"
CUSTOM: Final = "custom"
AUTHORITY: Final = "https://login.microsoftonline.com"
"""Where tokens come from in Microsoft's own cloud (Microsoft identity platform)."""

_USUAL_PORTS: Final = {"http": 80, "https": 443}
_TENANT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_CLIENT = re.compile(r"[A-Za-z0-9-]{1,100}")
_SHARED: Final = frozenset({"common", "organizations", "consumers"})

CLOUD_FIELDS: Final[tuple[CredentialField, ...]] = (
    CredentialField(
        "cloud",
        msg("Where it runs"),
        msg("As a rule in Microsoft's cloud. Another address is for trying things out."),
        choices=(Choice(MICROSOFT, msg("Microsoft's cloud")), Choice(CUSTOM, msg("Another address"))),
        default=MICROSOFT,
    ),
    CredentialField(
        "endpoint",
        msg("Address"),
        msg("Where sign-in and interface both lie, such as https://dynamics.example.org, without a path."),
        max_length=200,
        only_when=("cloud", CUSTOM),
    ),
)
APP_FIELDS: Final[tuple[CredentialField, ...]] = (
    CredentialField(
        "tenant",
        msg("Tenant ID"),
        msg("The directory (tenant) ID on the overview of your app in the Entra admin center."),
        max_length=253,
    ),
    CredentialField(
        "client_id",
        msg("Client ID"),
        msg("The application (client) ID on the same page."),
        max_length=100,
    ),
    CredentialField(
        "client_secret",
        msg("Client secret"),
        msg(
            "In the Entra admin center, open App registrations > your app > Certificates & secrets > New client"
            " secret, and copy what stands in the column Value. It is shown once."
        ),
        secret=True,
        max_length=500,
    ),
)


def custom_origin(settings: Mapping[str, str]) -> str | None:
    """Return `scheme://host[:port]` of another address than Microsoft's, None for Microsoft's cloud.

    Raises InvalidInput with the field's own sentence.
    """
    cloud = settings.get("cloud") or MICROSOFT
    if cloud == MICROSOFT:
        return None
    if cloud != CUSTOM:
        raise wrong(msg("Choose one of the options."), "cloud")
    return origin("endpoint", settings.get("endpoint", ""))


def origin(field: str, address: str) -> str:
    """Return an address as an origin, the usual port left out. Raises InvalidInput for the field."""
    try:
        parts = urlsplit(address.strip())
        port_is_right = parts.port != 0
    except ValueError:
        raise _no_origin(field) from None
    if parts.username or parts.password:
        raise wrong(
            msg(
                "The address must not hold a user name or a password. Take out everything before the @ sign."
            ),
            field,
        )
    odd = any(character.isspace() or character in "{}\\" for character in address.strip())
    extras = (parts.path.strip("/"), parts.query, parts.fragment)
    if parts.scheme not in _USUAL_PORTS or not parts.hostname or any(extras) or odd or not port_is_right:
        raise _no_origin(field)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in {None, _USUAL_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host.lower()}{port}"


def tenant(settings: Mapping[str, str]) -> str:
    """Return the tenant, an id or a domain. Raises InvalidInput."""
    text = settings.get("tenant", "").strip()
    if text.lower() in _SHARED:
        raise wrong(SHARED_TENANT, "tenant")
    if not _TENANT.fullmatch(text) or ".." in text:
        raise wrong(
            msg(
                "This is no tenant ID. It looks like 3f2504e0-4f89-41d3-9a0c-0305e82c3301, or is a domain of"
                " yours."
            ),
            "tenant",
        )
    return text


def client_id(settings: Mapping[str, str]) -> str:
    """Return the app's own id. Raises InvalidInput."""
    text = settings.get("client_id", "").strip()
    if not _CLIENT.fullmatch(text):
        raise wrong(
            msg("This is no client ID. It looks like 3f2504e0-4f89-41d3-9a0c-0305e82c3301."), "client_id"
        )
    return text


def wrong(sentence: Message, field: str) -> InvalidInput:
    """Return the error for one wrong field."""
    return InvalidInput(sentence, fields={field: sentence})


def _no_origin(field: str) -> InvalidInput:
    return wrong(
        msg("Write the address as far as the host, such as https://dynamics.example.org, and no path."), field
    )
