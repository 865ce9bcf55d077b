"""Runs GraphQL documents against the schema and writes the answer's `data` and `errors`.

Parsing and validating a document is done once for each text; who asks and what is true is the
request context's.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    ExecutionResult,
    GraphQLError,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    parse,
    validate,
)

from integration_admin.sandbox.xledger.bulk_input import Prepared, execute_prepared, prepare
from integration_admin.sandbox.xledger.problems import Problem, ProblemKind, Refused, bad_request
from integration_admin.sandbox.xledger.resolvers import RequestContext, attach
from integration_admin.sandbox.xledger.staging import coerce_amount

_FILES = ("schema.graphql", "schema_ledger.graphql", "schema_inputs.graphql")
_CACHED_DOCUMENTS = 256
_LONGEST_DOCUMENT = 2_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request came to: `data` (absent where nothing was executed) and its problems."""

    data: dict[str, Any] | None
    problems: tuple[Problem, ...]
    executed: bool

    def body(self) -> dict[str, Any]:
        """Return the JSON of the answer."""
        body: dict[str, Any] = {"data": self.data} if self.executed else {}
        if self.problems:
            body["errors"] = [problem.formatted() for problem in self.problems]
        return body


class Engine:
    """A schema and the documents it has seen lately."""

    def __init__(self) -> None:
        self._schema = _schema()
        self._documents: OrderedDict[str, Prepared | tuple[Problem, ...]] = OrderedDict()

    def run(self, request: Any, context: RequestContext) -> Answer:
        """Execute one decoded request body, `{"query", "variables", "operationName"}`."""
        query, variables, operation = _parts(request)
        document = self._document(query)
        if isinstance(document, tuple):
            return Answer(None, document, executed=False)
        result = execute_prepared(self._schema, document, context, variables, operation)
        return Answer(result.data, tuple(_problems(result)), executed=result.data is not None)

    def _document(self, query: str) -> Prepared | tuple[Problem, ...]:
        """Return the parsed, valid and prepared document of a query text, or what is wrong with it."""
        known = self._documents.get(query)
        if known is None:
            known = self._documents[query] = self._parse(query)
            if len(self._documents) > _CACHED_DOCUMENTS:
                self._documents.popitem(last=False)
        else:
            self._documents.move_to_end(query)
        return known

    def _parse(self, query: str) -> Prepared | tuple[Problem, ...]:
        try:
            document = parse(query, no_location=True)
        except GraphQLError as error:
            return (bad_request(error.message),)
        errors = validate(self._schema, document)
        return tuple(_malformed(error) for error in errors) if errors else prepare(self._schema, document)


def _parts(request: Any) -> tuple[str, dict[str, Any], str | None]:
    """Take a request body apart. Raises Problem."""
    if not isinstance(request, dict) or not isinstance(request.get("query"), str):
        detail = 'The body must be a JSON object with a "query".'
        raise bad_request(detail)
    variables = request.get("variables") or {}
    operation = request.get("operationName")
    if not isinstance(variables, dict) or not isinstance(operation, str | None):
        detail = '"variables" must be an object and "operationName" a string.'
        raise bad_request(detail)
    if len(request["query"]) > _LONGEST_DOCUMENT:
        detail = "The query is too long."
        raise bad_request(detail)
    return request["query"], variables, operation


def _problems(result: ExecutionResult) -> Iterator[Problem]:
    """Turn execution errors into problems; a resolver's Refused stands for several."""
    for error in result.errors or ():
        original = error.original_error
        if isinstance(original, Refused):
            yield from original.problems
        elif isinstance(original, Problem):
            yield original
        elif error.path is None:
            yield _malformed(error)
        else:
            yield Problem(ProblemKind.REQUEST, str(error.message), code="UNHANDLED_ERROR")


def _malformed(error: GraphQLError) -> Problem:
    """Describe a document or variables that do not fit the schema (the code is from facts S3)."""
    wrong_value = error.message.startswith("Variable ") or "Expected" in error.message
    extensions = {"code": "ARGUMENTS_OF_CORRECT_TYPE"} if wrong_value else {}
    return Problem(ProblemKind.REQUEST, error.message, extensions=extensions)


@cache
def _schema() -> GraphQLSchema:
    """Build the schema from the SDL beside this module; it never changes after that."""
    folder = Path(__file__).parent
    schema = build_schema("\n".join((folder / name).read_text() for name in _FILES))
    attach(schema)
    _scalar(schema, "Int64String").coerce_input_value = _coerce_id
    _scalar(schema, "MoneyString").coerce_input_value = coerce_amount
    for name in ("DateString", "DateTimeString"):
        _scalar(schema, name).coerce_input_value = _coerce_string
    return schema


def _scalar(schema: GraphQLSchema, name: str) -> GraphQLScalarType:
    scalar = schema.type_map[name]
    if not isinstance(scalar, GraphQLScalarType):
        raise TypeError(name)
    return scalar


def _coerce_id(value: Any) -> str:
    """Accept a whole number or its digits; Xledger's clients send both."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdecimal():
        detail = f"Expected a whole number, found {value!r}."
        raise ValueError(detail)
    return str(value)


def _coerce_string(value: Any) -> str:
    if not isinstance(value, str):
        detail = f"Expected a string, found {value!r}."
        raise TypeError(detail)
    return value
