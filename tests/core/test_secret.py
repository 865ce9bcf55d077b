"""A secret in memory: only `reveal` gives it away."""

import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, dataclass

import pytest
from pydantic import BaseModel, ConfigDict

from integration_admin.core.secret import Secret

VALUE = "FAKE-canary-77c2"


@dataclass(frozen=True)
class Holder:
    secret: Secret


def test_reveal_returns_exactly_what_was_given() -> None:
    for value in ("", VALUE, "a\0b", "æøå", "🔑", " spaces "):
        assert Secret(value).reveal() == value


def test_no_way_of_printing_shows_it() -> None:
    secret = Secret(VALUE)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        "%s %r" % (secret, secret),  # noqa: UP031, logging formats this way
        "{}".format(secret),  # noqa: UP032, templates format this way
        repr([secret]),
        repr({"secret": secret}),
        repr(Holder(secret)),
    ]
    assert all(VALUE not in text for text in shown)
    assert repr(secret) == "Secret(…)"


def test_a_log_line_and_a_traceback_with_local_variables_do_not_show_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = Secret(VALUE)
    logging.getLogger("test").warning("signing in with %s", secret)
    with pytest.raises(RuntimeError) as caught:
        raise RuntimeError(secret)
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "Secret(…)" in caplog.text
    assert "secret = Secret(…)" in shown
    assert VALUE not in caplog.text + shown


def test_it_is_neither_pickled_copied_nor_made_json() -> None:
    secret = Secret(VALUE)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(secret, protocol)
    for attempt in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            attempt(secret)
    with pytest.raises(TypeError, match="never pickled"):
        asdict(Holder(secret))
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps({"secret": secret})


def test_a_model_that_holds_one_cannot_be_dumped_to_json() -> None:
    class Model(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        secret: Secret

    model = Model(secret=Secret(VALUE))
    assert VALUE not in repr(model)
    with pytest.raises(ValueError, match="serialize"):
        model.model_dump_json()


def test_two_secrets_are_never_equal_by_accident_and_have_no_dictionary() -> None:
    assert Secret(VALUE) != Secret(VALUE)
    assert Secret(VALUE) != VALUE
    assert not hasattr(Secret(VALUE), "__dict__")
