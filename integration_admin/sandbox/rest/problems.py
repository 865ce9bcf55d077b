"""What the REST ledger answers when it refuses a whole request: RFC 9457 problem details."""

import json
from typing import Final

from starlette.responses import Response

PROBLEM: Final = "application/problem+json"


class Problem(Exception):
    """A request that is refused as a whole; `code` is for programs, `detail` for people."""

    def __init__(self, status: int, code: str, detail: str, *, field: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.field = field

    def body(self) -> bytes:
        """Return the problem as JSON."""
        said = {"title": self.code.replace("_", " "), "status": self.status, "detail": self.detail}
        return json.dumps({**said, "code": self.code, "field": self.field}).encode()

    def response(self) -> Response:
        """Return the answer to give."""
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else {}
        if self.status == 429:
            headers["Retry-After"] = "1"
        return Response(self.body(), self.status, headers, media_type=PROBLEM)
