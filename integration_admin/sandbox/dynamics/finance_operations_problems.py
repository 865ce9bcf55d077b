"""What the simulated Finance & Operations answers when it refuses something: OData errors with an `innererror`."""

import json
from typing import Any, Final

from starlette.responses import Response

_WRITE: Final = "Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataWriteException"
_TRACE: Final = (
    "   at Microsoft.Dynamics.Platform.Integration.Services.OData.Update.UpdateProcessor.CreateEntity_Save("
    "ChangeOperationContext context, ChangeInfo changeInfo)\r\n   at Microsoft.Dynamics.Platform.Integration"
    ".Services.OData.Update.UpdateManager.SaveChanges()"
)


class Problem(Exception):
    """A request, or one operation of a batch, that is refused."""

    def __init__(self, status: int, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", "")))
        self.status = status
        self.error = error

    def body(self) -> bytes:
        """Return the error as JSON."""
        return json.dumps({"error": self.error}).encode()

    def response(self) -> Response:
        """Return the answer to give."""
        headers = {"Retry-After": "1"} if self.status == 429 else {}
        return Response(self.body(), self.status, headers, media_type="application/json")


def write_failed(entity: str, infolog: str) -> Problem:
    """Return the error of a business rule; it comes with status 500 (recorded answers)."""
    words = f"Write failed for table row of type '{entity}'. Infolog: {infolog}."
    inner = {"message": words, "type": _WRITE, "stacktrace": _TRACE}
    return Problem(500, {"code": "", "message": "An error has occurred.", "innererror": inner})


def bad_request(*, words: str) -> Problem:
    """Return the error of a request that OData itself does not understand."""
    inner = {"message": words, "type": "Microsoft.OData.ODataException", "stacktrace": _TRACE}
    return Problem(400, {"code": "", "message": "An error has occurred.", "innererror": inner})


def throttled() -> Problem:
    """Return the error of resource-based throttling."""
    return Problem(
        429, {"code": "", "message": "The request is denied due to excess workload on the server."}
    )
