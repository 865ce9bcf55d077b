"""The resolvers of Query and Mutation: scope first, then rows, then one page of them.

Which scope guards which list is assumed; Xledger names only the areas (facts S2).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema

from integration_admin.core.clock import Clock
from integration_admin.sandbox.xledger.behaviour import Behaviour
from integration_admin.sandbox.xledger.catalogue import Row
from integration_admin.sandbox.xledger.connections import Readable, connection, owners_of
from integration_admin.sandbox.xledger.ledger import Ledger
from integration_admin.sandbox.xledger.limits import local_time
from integration_admin.sandbox.xledger.staging import Staging
from integration_admin.sandbox.xledger.tokens import Scope, Token
from integration_admin.sandbox.xledger.vouchers import Line
from integration_admin.sandbox.xledger.world import Entity, World

Resolver = Callable[..., Any]


@dataclass(slots=True)
class RequestContext:
    """What the resolvers of one request may use.

    `rows` counts what the request costs, `bulk` holds variables that are coerced before execution.
    """

    world: World
    ledger: Ledger
    behaviour: Behaviour
    clock: Clock
    token: Token
    rows: int = 0
    bulk: dict[str, Any] = field(default_factory=dict)

    @property
    def entity(self) -> Entity:
        """The entity the token belongs to."""
        return self.world.entities[self.token.entity]


Info = GraphQLResolveInfo[RequestContext]


def resolve_field(source: Any, info: Info) -> Any:
    """Read a field of a row; every field below a connection goes through here."""
    return source.get(info.field_name)


def attach(schema: GraphQLSchema) -> None:
    """Give Query and Mutation their resolvers."""
    query, mutation = schema.query_type, schema.mutation_type
    if query is None or mutation is None:
        detail = "the schema has no Query or no Mutation"
        raise TypeError(detail)
    query.fields["viewer"].resolve = _viewer
    for name, (scope, rows) in _REFERENCE.items():
        query.fields[name].resolve = _reference(scope, rows)
    for name, ledger_rows in _LEDGER.items():
        query.fields[name].resolve = _ledger(ledger_rows)
    mutation.fields["addGLImportItems"].resolve = _add_gl_import_items


def _viewer(_source: Any, info: Info) -> Row:
    return {"entity": info.context.entity.row}


_REFERENCE: dict[str, tuple[Scope, Callable[[World], Sequence[Row]]]] = {
    "accounts": (Scope.GENERAL_LEDGER_READ, lambda world: world.accounts.rows),
    "objectKinds": (Scope.COMMON_READ, lambda world: world.object_kinds.rows),
    "objectValues": (Scope.COMMON_READ, lambda world: world.object_values.rows),
    "projects": (Scope.COMMON_READ, lambda world: world.projects.rows),
    "currencies": (Scope.COMMON_READ, lambda world: world.currencies.rows),
    "taxTableSetups": (Scope.COMMON_READ, lambda world: world.tax_tables.rows),
    "subledgers": (Scope.ACCOUNTS_PAYABLE_READ, lambda world: world.subledgers.rows),
    "employees": (Scope.HUMAN_RESOURCES_READ, lambda world: world.employees.rows),
    "periodStatusItems": (Scope.GENERAL_LEDGER_READ, lambda world: world.periods.rows),
}
"""Lists that live with the entity and those above it, unless ownerSet says otherwise."""


def _reference(scope: Scope, rows: Callable[[World], Sequence[Row]]) -> Resolver:
    def resolve(_source: Any, info: Info, **arguments: Any) -> dict[str, Any]:
        context = info.context
        context.token.require(scope)
        owners = owners_of(context.entity, arguments.get("ownerSet"), "UPPER")
        page = connection(rows(context.world), arguments, owners, most=context.behaviour.page_rows)
        return _counted(context, page)

    return resolve


def _import_items(ledger: Ledger, references: list[str] | None) -> Sequence[Readable]:
    return ledger.items if references is None else ledger.lines_with(references, booked=False)


def _journal_entries(ledger: Ledger, references: list[str] | None) -> Sequence[Readable]:
    return ledger.entries if references is None else ledger.lines_with(references, booked=True)


_LEDGER: dict[str, Callable[[Ledger, list[str] | None], Sequence[Readable]]] = {
    "glImportItems": _import_items,
    "glImportItemErrors": lambda ledger, _: ledger.errors,
    "journalEntries": _journal_entries,
}
"""Lists of the entity and those below it, unless ownerSet says otherwise."""


def _ledger(rows: Callable[[Ledger, list[str] | None], Sequence[Readable]]) -> Resolver:
    def resolve(_source: Any, info: Info, **arguments: Any) -> dict[str, Any]:
        context = info.context
        context.token.require(Scope.GENERAL_LEDGER_READ)
        context.ledger.process()
        owners = owners_of(context.entity, arguments.get("ownerSet"), "LOWER")
        found = rows(context.ledger, _references(arguments.get("filter") or {}))
        return _counted(context, connection(found, arguments, owners))

    return resolve


def _references(wanted: Mapping[str, Any]) -> list[str] | None:
    """Return the extIdentifiers a filter asks for, so that the index can answer; None for any."""
    if wanted.get("extIdentifier") is not None:
        return [wanted["extIdentifier"]]
    references: list[str] | None = wanted.get("extIdentifier_in")
    return references


def _counted(context: RequestContext, page: dict[str, Any]) -> dict[str, Any]:
    context.rows += len(page["edges"] or ())
    return page


def _add_gl_import_items(_source: Any, info: Info, inputs: list[Row]) -> dict[str, Any]:
    context = info.context
    context.token.require(Scope.GENERAL_LEDGER_WRITE)
    context.rows += len(inputs)
    # Booking what is due now keeps the first read after a long export short.
    context.ledger.process()
    staging = Staging(
        context.world,
        context.behaviour,
        context.entity,
        staged_at=context.clock.monotonic(),
        stamp=local_time(context.clock.now()),
    )
    lines = staging.check(inputs, context.ledger.stage)
    edges = [_staged_edge(entry, line) for entry, line in zip(inputs, lines, strict=True)]
    return {"edges": edges or None, "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}}


def _staged_edge(entry: Row, line: Line) -> Row:
    return {"clientId": entry.get("clientId"), "cursor": None, "node": line}
