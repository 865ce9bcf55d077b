"""The error tree: drawn as it is, and each error with words for a person and words for the log."""

import inspect
import re
from collections.abc import Callable

import pytest

from integration_admin.core import errors
from integration_admin.core.errors import (
    AdapterError,
    AuthenticationFailed,
    Conflict,
    Fault,
    IntegrationAdminError,
    InvalidInput,
    NotPermitted,
    TooManyAttempts,
)
from integration_admin.core.messages import Message, msg

CLASSES = {
    name: found
    for name, found in vars(errors).items()
    if inspect.isclass(found) and issubclass(found, IntegrationAdminError)
}
SENTENCE = msg("The file {name} is too large.", name="a.csv")
BRANCH = re.compile(r"(?P<indent>(?:│   |    )*)(?:├── |└── )?(?P<name>[A-Z]\w+) *(?P<status>\d{3})?")


def make(error: type[IntegrationAdminError], internal: str = "") -> IntegrationAdminError:
    special: dict[type, Callable[[], IntegrationAdminError]] = {
        NotPermitted: lambda: NotPermitted(internal),
        TooManyAttempts: lambda: TooManyAttempts(SENTENCE, retry_after=30, internal=internal),
        AdapterError: lambda: AdapterError(SENTENCE, Fault.UPSTREAM, internal=internal),
    }
    return special.get(error, lambda: error(SENTENCE, internal=internal))()


def drawn() -> dict[str, tuple[str | None, int]]:
    """Read the tree in the module's docstring: name -> (parent's name, status)."""
    path: list[tuple[str, int]] = []
    tree = {}
    block = errors.__doc__.split("\n\n")[1]
    for line in block.splitlines():
        found = BRANCH.match(line)
        depth = len(found["indent"]) // 4 + ("── " in line)
        path = path[:depth]
        parent, inherited = path[-1] if path else (None, 500)
        status = int(found["status"] or inherited)
        tree[found["name"]] = (parent, status)
        path.append((found["name"], status))
    return tree


def test_the_drawn_tree_names_every_error_with_its_parent_and_status() -> None:
    actual = {
        name: (None if error is IntegrationAdminError else error.__base__.__name__, error.status)
        for name, error in CLASSES.items()
    }
    assert drawn() == actual
    assert len(actual) == 19


@pytest.mark.parametrize("error", CLASSES.values(), ids=CLASSES)
def test_every_error_carries_a_message_for_a_person_and_words_for_the_log(
    error: type[IntegrationAdminError],
) -> None:
    raised = make(error, internal="row 7 of import 12")
    assert isinstance(raised.message, Message)
    assert str(raised.message).endswith(".")
    assert raised.internal == str(raised) == "row 7 of import 12"
    assert error.__doc__


@pytest.mark.parametrize("error", CLASSES.values(), ids=CLASSES)
def test_without_words_for_the_log_the_sentence_serves(error: type[IntegrationAdminError]) -> None:
    raised = make(error)
    assert raised.internal == str(raised) == str(raised.message)


def test_an_http_status_stands_for_each_kind() -> None:
    assert {error.status for error in CLASSES.values()} == {401, 403, 404, 409, 422, 429, 500, 502, 503}


def test_invalid_input_keeps_a_copy_of_its_fields() -> None:
    fields = {"name": SENTENCE}
    error = InvalidInput(SENTENCE, fields=fields)
    fields.clear()
    assert error.fields == {"name": SENTENCE}
    assert InvalidInput(SENTENCE).fields == {}


def test_a_throttled_caller_learns_how_long_to_wait() -> None:
    assert TooManyAttempts(SENTENCE, retry_after=2.5).retry_after == 2.5


def test_an_adapter_error_says_whose_fault_what_and_how_long() -> None:
    error = AdapterError(SENTENCE, Fault.RATE_LIMITED, code="http_429", retry_after=7)
    assert (error.fault, error.code, error.retry_after) == (Fault.RATE_LIMITED, "http_429", 7)
    plain = AdapterError(SENTENCE, Fault.TRANSIENT)
    assert (plain.code, plain.retry_after) == ("", None)


def test_refused_credentials_are_the_administrators_to_mend() -> None:
    error = AuthenticationFailed(SENTENCE)
    assert (error.fault, error.code) == (Fault.CONFIG, "authentication")
    assert AuthenticationFailed(SENTENCE, code="consent").code == "consent"


def test_one_except_clause_catches_all_and_siblings_stay_apart() -> None:
    with pytest.raises(IntegrationAdminError):
        raise make(AuthenticationFailed)
    assert not issubclass(Conflict, InvalidInput)
    assert all(fault.value == fault.name.lower() for fault in Fault)
