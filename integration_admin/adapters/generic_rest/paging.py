"""How an answer says that it goes on on another page: in its Link header, or by a mark where the settings say."""

import re
from typing import Any, Final

from integration_admin.adapters.generic_rest import pointer
from integration_admin.adapters.generic_rest.options import Options
from integration_admin.adapters.outbound import Response

_NEXT: Final = re.compile(
    r"""<([^<>]*)>[^,<]*;\s*rel\s*=\s*["']?(?:[^"',;]*\s)?next(?![\w-])""", re.IGNORECASE
)
"""A link to what follows (RFC 8288), whose relation may stand without quotes and beside others."""


def linked(response: Response) -> str:
    """Return the address of the next page from the Link header, as it stands there; empty without one."""
    found = _NEXT.search(response.headers.get("link", ""))
    return found[1] if found else ""


def marked(options: Options, answer: Any) -> str:
    """Return the mark of the next page that an answer has in its body; empty without one."""
    where = options.pointers["cursor"]
    return pointer.text(answer, where) if where and isinstance(answer, dict) else ""
