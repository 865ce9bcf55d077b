"""The origin of an address, which secrets are bound to. Which addresses may be called is in addresses.py."""

from typing import Final
from urllib.parse import urlsplit

USUAL_PORTS: Final = {"http": 80, "https": 443}


def origin_of(address: str) -> str:
    """Return `scheme://host[:port]` of an http(s) address, in lower case and the usual port left out."""
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, USUAL_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"
