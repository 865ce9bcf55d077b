"""$batch in JSON: several operations in one request, with the traps of the real one (facts 1.4).

It stops at the first failure and tells nothing of what comes after; with snapshot isolation what was done is
taken back, and the operations that were still say 201.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from integration_admin.sandbox.dynamics.business_central import problems
from integration_admin.sandbox.dynamics.business_central.calls import Reply
from integration_admin.sandbox.dynamics.business_central.operations import Operation, Operations
from integration_admin.sandbox.dynamics.business_central.problems import Problem

MOST_OPERATIONS: Final = 100
_METHODS = frozenset({"GET", "POST", "PATCH", "DELETE"})
_TOO_MANY = (
    "The current batch message contains too many parts. A maximum number of '100' query operations and change"
    " sets are allowed in a batch message."
)

Answers = list[dict[str, Any]]


def carry_out(operations: Operations, body: Any, headers: Mapping[str, str], query: str) -> Answers:
    """Carry out the operations of a batch and return their answers; some may be missing. Raises Problem."""
    requests = _requests(body)
    goes_on = "odata.continue-on-error" in headers.get("prefer", "").lower()
    is_snapshot = headers.get("isolation", "").strip().lower() == "snapshot"
    with _snapshot(operations, is_on=is_snapshot) as answers:
        for request in requests:
            answer = _answered(operations, request, headers, query)
            answers.append(answer)
            if answer["status"] >= 400 and not goes_on:
                break
    return _told(operations, answers)


@contextmanager
def _snapshot(operations: Operations, *, is_on: bool) -> Iterator[Answers]:
    """Collect answers; where it is on and one of them failed, take back what was done."""
    answers: Answers = []
    store = operations.books.store
    if not is_on:
        yield answers
        return
    with store.transaction():
        yield answers
        if any(answer["status"] >= 400 for answer in answers):
            store.undo()


def _requests(body: Any) -> list[Any]:
    requests = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not requests:
        raise Problem(problems.BAD_REQUEST, "The batch has no list of requests.")
    if len(requests) > MOST_OPERATIONS:
        raise Problem(problems.UNKNOWN, _TOO_MANY, status=500)
    identities = [request.get("id") if isinstance(request, dict) else None for request in requests]
    if None in identities or len(set(map(str, identities))) < len(identities):
        raise Problem(problems.BAD_REQUEST, "Every request in a batch needs an id of its own.")
    return requests


def _answered(
    operations: Operations, request: dict[str, Any], outer: Mapping[str, str], outer_query: str
) -> dict[str, Any]:
    method, url, given = (
        str(request.get("method", "")).upper(),
        request.get("url"),
        request.get("headers") or {},
    )
    if method not in _METHODS or not isinstance(url, str) or not isinstance(given, dict):
        raise Problem(problems.BAD_REQUEST, "A request in the batch has no method, no url or no headers.")
    path, _, query = url.removeprefix(operations.base).partition("?")
    headers = {str(name).lower(): str(value) for name, value in given.items()}
    if not path.lstrip("/").startswith("companies"):
        # The company may be named once, for the whole batch.
        headers = {**{name: outer[name] for name in ("company", "companyid") if name in outer}, **headers}
        query = "&".join(filter(None, (query, outer_query)))
    reply = operations.answer(Operation(method, path, query, headers, request.get("body")))
    return _answer(request["id"], reply)


def _answer(identity: Any, reply: Reply) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": identity, "status": reply.status}
    answer["headers"] = {"OData-Version": "4.0", **reply.headers}
    if isinstance(reply.body, dict):
        answer["headers"]["Content-Type"] = "application/json; odata.metadata=minimal"
        answer["body"] = reply.body
    return answer


def _told(operations: Operations, answers: Answers) -> Answers:
    behaviour = operations.books.behaviour
    if behaviour.batch_null_ids:
        answers = [{**answer, "id": None} for answer in answers]
    return answers[: behaviour.batch_answers]
