"""Whether an event's arguments are what its handler takes. Reflex only tries to convert them, and logs those it cannot.

What the arguments mean is for the handlers to judge.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, get_type_hints

from pydantic import Strict, TypeAdapter, ValidationError

_ENTRIES = "__reflex_form_data__"
"""How Reflex's frontend wraps the fields of a form; reflex_base.utils.form reads it."""
_VALUE = str | bool | int | float | None
_FORM: TypeAdapter[Any] = TypeAdapter(
    dict[Annotated[str, Strict()], _VALUE | list[_VALUE]] | dict[str, list[tuple[str, _VALUE | list[_VALUE]]]]
)


def fits(handler: Callable[..., Any], payload: Mapping[str, Any]) -> bool:
    """Tell whether `payload` has every argument of `handler`, none besides, and each of its kind."""
    expected, needed = _arguments(handler)
    if not needed <= payload.keys() <= expected.keys():
        return False
    return all(_is_a(value, expected[name]) for name, value in payload.items())


def _is_a(value: object, kind: Any) -> bool:
    if kind is dict:
        return _is_form(value)
    try:
        _adapter(kind).validate_python(value)
    except (ValidationError, RecursionError):
        return False
    return True


def _is_form(value: object) -> bool:
    """Tell whether a value is a form's fields: flat, as a browser sends them."""
    if not isinstance(value, Mapping) or (_ENTRIES in value and not isinstance(value[_ENTRIES], list)):
        return False
    try:
        _FORM.validate_python(value)
    except (ValidationError, RecursionError):
        return False
    return True


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def _arguments(handler: Callable[..., Any]) -> tuple[Mapping[str, Any], frozenset[str]]:
    """Return the kind of each argument, and which must be there; the first is the state itself."""
    parameters = list(inspect.signature(handler).parameters.values())[1:]
    hints = get_type_hints(handler)
    expected = {parameter.name: hints.get(parameter.name, Any) for parameter in parameters}
    needed = {parameter.name for parameter in parameters if parameter.default is parameter.empty}
    return expected, frozenset(needed)
