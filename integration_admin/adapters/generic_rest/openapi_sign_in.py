"""Where an interface is and how it wants to be signed in to, from its description."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from integration_admin.adapters.generic_rest import sign_in_fields as ways
from integration_admin.adapters.generic_rest.openapi_document import Document
from integration_admin.core.messages import Message, msg

_SCHEMES: Final = {"bearer": ways.BEARER, "basic": ways.BASIC}


def base_url(document: Document, address: str) -> tuple[str, list[Message]]:
    """Return the address of the interface, empty where the description does not say it, with what to tell."""
    servers = list(document.items(document.root.get("servers"))) or [{"url": "/"}]
    server = servers[0] if isinstance(servers[0], dict) else {}
    found = str(server.get("url", "/"))
    for name, variable in document.mapping(server.get("variables")).items():
        found = found.replace(f"{{{name}}}", str(document.mapping(variable).get("default", "")))
    try:
        whole = urljoin(address, found).rstrip("/")
        parts = urlsplit(whole)
    except ValueError:
        parts = urlsplit("")
    if parts.username or parts.password:
        return "", [
            msg("The address in the description has a user name or a password in it, and was left out.")
        ]
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "", [msg("The description does not say at which address the interface is. Enter it.")]
    notes = [msg("There are several addresses. The first was taken.")] if len(servers) > 1 else []
    return whole, notes


def sign_in(
    document: Document, operation: Mapping[str, Any], base: str
) -> tuple[dict[str, str], list[Message]]:
    """Return the settings of the first way to sign in that is known here; secrets are never in them."""
    wanted = operation.get("security", document.root.get("security"))
    if wanted is None or wanted == []:
        return {"authentication": ways.NO_SIGN_IN}, []
    schemes = document.mapping(document.mapping(document.root.get("components")).get("securitySchemes"))
    for alternative in document.items(wanted):
        names = list(alternative) if isinstance(alternative, dict) else []
        found = [_settings(document.mapping(schemes.get(name)), base) for name in names]
        if names and all(found):
            notes = [] if len(found) == 1 else [msg("More than one way to sign in is wanted at once.")]
            return found[0], notes
    return {}, [msg("No way to sign in that is known here was found in the description. Choose one.")]


def _settings(scheme: Mapping[str, Any], base: str) -> dict[str, str]:
    """Return the settings for one scheme, nothing for one that is not known here."""
    match scheme.get("type"), str(scheme.get("scheme", "")).lower():
        case "apiKey", _ if scheme.get("in") == "header":
            return {"authentication": ways.API_KEY, "header_name": str(scheme.get("name", ""))}
        case "http", word if word in _SCHEMES:
            return {"authentication": _SCHEMES[word]}
        case "mutualTLS", _:
            return {"authentication": ways.MUTUAL_TLS}
        case "oauth2", _:
            return _oauth(scheme, base)
    return {}


def _oauth(scheme: Mapping[str, Any], base: str) -> dict[str, str]:
    flows = scheme.get("flows")
    flow = flows.get("clientCredentials") if isinstance(flows, dict) else None
    if not isinstance(flow, dict) or not flow.get("tokenUrl"):
        return {}
    scopes = flow.get("scopes")
    return {
        "authentication": ways.OAUTH,
        "token_url": urljoin(base, str(flow["tokenUrl"])),
        "scope": " ".join(map(str, scopes)) if isinstance(scopes, dict) else "",
    }
