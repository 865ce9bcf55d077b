"""The HTTP edge of the simulated Business Central: whose request it is, whether there is room, how big it is."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from integration_admin.sandbox.dynamics.business_central import batch, problems, routes
from integration_admin.sandbox.dynamics.business_central.books import Books
from integration_admin.sandbox.dynamics.business_central.calls import Reply
from integration_admin.sandbox.dynamics.business_central.limits import Limiter, Refused
from integration_admin.sandbox.dynamics.business_central.operations import Operation, Operations, decoded
from integration_admin.sandbox.dynamics.business_central.problems import Problem
from integration_admin.sandbox.dynamics.credentials import ENVIRONMENT, TENANT_DOMAIN
from integration_admin.sandbox.dynamics.entra import BUSINESS_CENTRAL, Entra, Holder

PREFIX: Final = "/v2.0/"
_API = "/api/v2.0"
LARGEST_BODY: Final = 350 * 1024 * 1024
_JSON = "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8"
_METHODS = ("GET", "POST", "PATCH", "DELETE", "PUT")


@dataclass(slots=True)
class Endpoint:
    """Everything under /v2.0 over one set of books."""

    books: Books
    entra: Entra
    limiter: Limiter
    requests: int = 0
    batches: int = 0
    errors: Counter[str] = field(default_factory=Counter)

    def routes(self) -> list[Route]:
        """Return the addresses with and without a tenant (facts 1.2)."""
        return [
            Route(
                "/v2.0/{tenant}/{environment}" + _API + "/{path:path}", self.answer, methods=list(_METHODS)
            ),
            Route("/v2.0/{environment}" + _API + "/{path:path}", self.answer, methods=list(_METHODS)),
        ]

    def reset(self) -> None:
        """Forget the counts."""
        self.limiter.reset()
        self.requests = self.batches = 0
        self.errors.clear()

    async def answer(self, request: Request) -> Response:
        """Answer one request; what is wrong is told as Business Central does."""
        self.requests += 1
        try:
            holder = self._holder(request)
            behaviour = self.books.behaviour
            most = behaviour.window_requests if behaviour.limits else None
            async with self.limiter.admit(holder.app.client_id, most):
                return await self._answered(request, holder)
        except Problem as problem:
            return self._response(Reply(problem.status, problem.body()))
        except Refused as refused:
            self.errors[str(refused.status)] += 1
            headers = {"Retry-After": "5"} if refused.status == 503 else {}
            words = "Too Many Requests" if refused.status == 429 else "Service Unavailable"
            return PlainTextResponse(words, refused.status, headers)
        except ClientDisconnect:
            return Response(status_code=400)

    async def _answered(self, request: Request, holder: Holder) -> Response:
        """Do the work first and wait afterwards, so that whoever does not wait has it done all the same."""
        body = await _body(request)
        base = str(request.url.replace(query="")).partition(f"{_API}/")[0] + _API
        operations = Operations(self.books, base, may_write=holder.app.may_write)
        reply = self._reply(operations, request, body)
        latency = self.books.behaviour.latency_ms
        if latency:
            await self.books.clock.sleep(latency / 1_000)
        return self._response(reply)

    def _reply(self, operations: Operations, request: Request, body: bytes) -> Reply:
        path, headers = request.path_params["path"], dict(request.headers)
        query = request.url.query
        if path == "$batch":
            return self._batch(operations, request, body)
        content: Any = body if routes.is_file(path) else decoded(body)
        return operations.answer(Operation(request.method, path, query, headers, content))

    def _batch(self, operations: Operations, request: Request, body: bytes) -> Reply:
        if request.method != "POST":
            raise Problem(problems.METHOD_NOT_ALLOWED, "$batch takes POST only.", status=405)
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise Problem(
                problems.BAD_REQUEST,
                "Multiple requests within the same change set are not supported. Send the batch as JSON.",
            )
        self.batches += 1
        headers = dict(request.headers)
        answers = batch.carry_out(operations, decoded(body), headers, request.url.query)
        for answer in answers:
            if answer["status"] >= 400:
                self.errors[answer["body"]["error"]["code"]] += 1
        return Reply(200, {"responses": answers})

    def _holder(self, request: Request) -> Holder:
        """Return whose request it is. Raises Problem."""
        holder = self.entra.holder(request.headers.get("authorization"))
        origin = f"{request.url.scheme}://{request.url.netloc}"
        if holder is None or not _is_good(holder, request.path_params, origin):
            raise Problem(
                problems.CREDENTIALS,
                "The server has rejected the client credentials.",
                status=401,
            )
        if request.path_params["environment"].lower() != ENVIRONMENT:
            raise Problem(problems.NO_ENVIRONMENT, "Environment does not exist.", status=404)
        return holder

    def _response(self, reply: Reply) -> Response:
        if isinstance(reply.body, bytes):
            return Response(reply.body, reply.status, media_type="application/octet-stream")
        if reply.body is None:
            return Response(status_code=reply.status, headers={"OData-Version": "4.0"})
        if reply.status >= 400:
            self.errors[reply.body["error"]["code"]] += 1
        content = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        headers = {"OData-Version": "4.0", **reply.headers}
        return Response(content, reply.status, headers, media_type=_JSON)


def _is_good(holder: Holder, path: Mapping[str, str], origin: str) -> bool:
    """Tell whether a token is for Business Central, has a role, and its app is enabled inside."""
    tenant = path.get("tenant", holder.tenant).lower()
    return (
        holder.resource in (BUSINESS_CENTRAL, origin)
        and holder.has_roles
        and holder.app.enabled
        and tenant in (holder.tenant, TENANT_DOMAIN)
    )


async def _body(request: Request) -> bytes:
    """Return the whole body. Raises Problem where it is larger than the gateway lets through."""
    if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
        raise Problem(problems.TOO_LARGE, "The request is too large.", status=413)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise Problem(problems.TOO_LARGE, "The request is too large.", status=413)
        parts.append(part)
    return b"".join(parts)
