"""A shortcut for the one large input: the variable that carries the nodes of addGLImportItems.

graphql-core asks every node about each of the input type's fields; this asks only about those that
were sent. Whatever does not fit is left to graphql-core, so that its errors stay its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableDefinitionNode,
    execute_sync,
    get_named_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_input_field,
    type_from_ast,
)
from graphql.execution import Executor

from integration_admin.sandbox.xledger.resolvers import RequestContext, resolve_field

BULK_TYPE = "AddGLImportItemsInput"

Coercer = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A valid document; `light` is the same without the bulk variables, which `coercers` read instead."""

    document: DocumentNode
    light: DocumentNode
    coercers: Mapping[str, Coercer]


def prepare(schema: GraphQLSchema, document: DocumentNode) -> Prepared:
    """Find the bulk variables of a document that has a single operation."""
    operations = [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    if len(operations) != 1:
        return Prepared(document, document, {})
    (operation,) = operations
    bulk: dict[str, Coercer] = {}
    light: list[VariableDefinitionNode] = []
    for variable in operation.variable_definitions or ():
        type_ = type_from_ast(schema, variable.type)
        if type_ is not None and get_named_type(type_).name == BULK_TYPE and not variable.default_value:
            bulk[variable.variable.name.value] = _coercer(type_)  # type: ignore[arg-type]  # validated
        else:
            light.append(variable)
    kept = OperationDefinitionNode(
        operation=operation.operation,
        name=operation.name,
        variable_definitions=tuple(light),
        directives=operation.directives,
        selection_set=operation.selection_set,
    )
    definitions = tuple(kept if part is operation else part for part in document.definitions)
    return Prepared(document, DocumentNode(definitions=definitions), bulk)


def execute_prepared(
    schema: GraphQLSchema,
    prepared: Prepared,
    context: RequestContext,
    variables: Mapping[str, Any],
    operation_name: str | None,
) -> ExecutionResult:
    """Execute a document, reading its bulk variables the short way where they fit."""
    document, bulk = prepared.light, {}
    try:
        bulk = {name: coercer(variables.get(name)) for name, coercer in prepared.coercers.items()}
    except (ValueError, TypeError, KeyError):
        document = prepared.document
    context.bulk = bulk
    return execute_sync(
        schema,
        document,
        context_value=context,
        variable_values={name: value for name, value in variables.items() if name not in bulk},
        operation_name=operation_name,
        field_resolver=resolve_field,
        executor_class=_BulkExecutor,
    )


class _BulkExecutor(Executor[RequestContext]):
    """An executor that takes the variables in the context's `bulk` as already coerced."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.variable_values.coerced.update(self.context_value.bulk)


def _coercer(type_: GraphQLInputType) -> Coercer:
    """Return a function that coerces a value to `type_` or raises ValueError, TypeError or KeyError."""
    if is_non_null_type(type_):
        return _required(_coercer(type_.of_type))
    if is_list_type(type_):
        item = _coercer(type_.of_type)
        return lambda value: (
            None
            if value is None
            else [item(part) for part in (value if isinstance(value, list) else [value])]
        )
    if is_input_object_type(type_):
        fields = {name: _coercer(field.type) for name, field in type_.fields.items()}
        required = [name for name, field in type_.fields.items() if is_required_input_field(field)]
        return _object(fields, required)
    if is_leaf_type(type_):
        leaf = type_.coerce_input_value
        return lambda value: None if value is None else leaf(value)
    raise TypeError(type_)


def _required(inner: Coercer) -> Coercer:
    def coerce(value: Any) -> Any:
        if value is None:
            raise ValueError
        return inner(value)

    return coerce


def _object(fields: Mapping[str, Coercer], required: list[str]) -> Coercer:
    def coerce(value: Any) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict) or any(name not in value for name in required):
            raise ValueError
        return {name: fields[name](part) for name, part in value.items()}

    return coerce
