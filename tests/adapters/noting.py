"""An outbound client that notes how much time each request is given, so that no test has to look at a clock."""

from typing import Any

from integration_admin.adapters.outbound import HTTPClient, Response


class NotingDeadlines:
    """Passes every request on."""

    def __init__(self, http: HTTPClient) -> None:
        self._http = http
        self.deadlines: list[float] = []

    async def request(self, method: str, url: str, **options: Any) -> Response:
        """Note the request's deadline, and make it."""
        self.deadlines.append(options["deadline"])
        return await self._http.request(method, url, **options)
