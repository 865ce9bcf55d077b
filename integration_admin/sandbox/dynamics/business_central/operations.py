"""One operation on the API, alone or within a $batch: finds the company and lets the right handler answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

from integration_admin.sandbox.dynamics.business_central import odata, problems, routes
from integration_admin.sandbox.dynamics.business_central.books import Books
from integration_admin.sandbox.dynamics.business_central.calls import Call, Reply, pattern_of, require_guid
from integration_admin.sandbox.dynamics.business_central.problems import Problem
from integration_admin.sandbox.dynamics.business_central.reference import COMPANY_FIELDS, company_record
from integration_admin.sandbox.dynamics.business_central.world import Company

_COMPANIES = "companies"


@dataclass(frozen=True, slots=True)
class Operation:
    """What is asked; `path` is below the API's base address and header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True, slots=True)
class Operations:
    """Answers operations; `base` is the API's address as the client wrote it."""

    books: Books
    base: str
    may_write: bool = True

    def answer(self, operation: Operation) -> Reply:
        """Carry out one operation, and answer with what is wrong where it cannot be."""
        try:
            return self._carried_out(operation)
        except Problem as problem:
            return Reply(problem.status, problem.body())

    def _carried_out(self, operation: Operation) -> Reply:
        if not self.may_write and operation.method != "GET":
            raise Problem(problems.PERMISSION, "You do not have the permissions to do this.", status=403)
        path = unquote(operation.path).strip("/")
        query = odata.parse_query(operation.query)
        pattern, keys = pattern_of(path)
        if pattern in (_COMPANIES, f"{_COMPANIES}()"):
            return self._companies(operation, path, query, keys)
        if pattern.startswith(f"{_COMPANIES}()/"):
            company, pattern, keys = self._company(keys[0]), pattern.partition("/")[2], keys[1:]
        else:
            company = self._default_company(operation.headers, query)
        call = Call(
            self.books, company, keys, f"{self.base}/{path}", query, operation.headers, operation.body
        )
        return routes.answer(operation.method, pattern, call)

    def _companies(self, operation: Operation, path: str, query: odata.Query, keys: tuple[str, ...]) -> Reply:
        if operation.method != "GET":
            raise Problem(
                problems.METHOD_NOT_ALLOWED, "Entity does not support this operation: companies.", status=405
            )
        world = self.books.world
        some = next(iter(world.companies.values()))
        call = Call(self.books, some, keys, f"{self.base}/{path}", query, operation.headers, None)
        if keys:
            return call.single(company_record(self._company(keys[0])), COMPANY_FIELDS)
        return call.listed([company_record(company) for company in world.companies.values()], COMPANY_FIELDS)

    def _company(self, key: str) -> Company:
        require_guid(key)
        for company in self.books.world.companies.values():
            if company.guid == key.lower():
                return company
        raise _no_company(key)

    def _default_company(self, headers: Mapping[str, str], query: odata.Query) -> Company:
        """Return the company a header or an option names where the path names none."""
        wanted = query.options.get("company") or headers.get("companyid") or headers.get("company") or ""
        named = self.books.world.named(wanted)
        if named is not None:
            return named
        if not wanted:
            raise Problem(problems.BAD_REQUEST, "You must choose a company.")
        return self._company(wanted)


def decoded(body: bytes) -> Any:
    """Return a JSON body whose decimals are exact, None for an empty one. Raises Problem."""
    if not body.strip():
        return None
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Problem(problems.BAD_REQUEST, "The request body is not valid JSON.") from None


def _no_number(text: str) -> Any:
    raise ValueError(text)


def _no_company(key: str) -> Problem:
    return Problem(problems.COMPANY_NOT_FOUND, f"Cannot open company '{key[:60]}'.", status=404)
