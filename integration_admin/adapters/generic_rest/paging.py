"""How an answer says that it goes on on another page: in its Link header, or by a mark where the settings say."""

import re
from typing import Any, Final

from integration_admin.adapters.generic_rest import pointer
from integration_admin.adapters.generic_rest.options import Options
from integration_admin.adapters.outbound import Response

_LINK: Final = re.compile(r"<([^<>]*)>([^<]*)")
"""An address and everything said of it (RFC 8288)."""


def linked(response: Response) -> str:
    """Return the address of the next page from the Link header, as it stands there; empty without one."""
    links = _LINK.finditer(response.headers.get("link", ""))
    return next((link[1] for link in links if _is_next(link[2])), "")


def _is_next(said: str) -> bool:
    """Tell whether a link leads to what follows; its relation may stand without quotes and beside others."""
    named = (part.partition("=") for part in said.split(";"))
    relations = (value.strip(" \t,\"'") for name, _, value in named if name.strip().lower() == "rel")
    return any("next" in relation.lower().split() for relation in relations)


def marked(options: Options, answer: Any) -> str:
    """Return the mark of the next page that an answer has in its body; empty without one."""
    where = options.pointers["cursor"]
    return pointer.text(answer, where) if where and isinstance(answer, dict) else ""
