"""What the build does so that the scripts keep a phone from the page for less long."""

from collections.abc import Callable
from pathlib import Path

import pytest

from integration_admin.commands.lighter_scripts import (
    BegunApart,
    CompiledAhead,
    NoCookies,
    NoErrorsBeforehand,
)

_BUNDLER = "resolve: {\n    alias: [\n      { find: '$' },"
_STATES = 'export const clientStorage = {"cookies": {}, "local_storage": {}}'
_MARKERS = "var a=Error(i(460)),b=Error(i(461)),c=Error(i(474)),d=Error(i(519)),e=Error(i(542));"


def prepared() -> tuple[tuple[str, str], dict[str, Callable[[str], str]]]:
    files: list[Callable[[], tuple[str, str]]] = []
    changes: dict[str, Callable[[str], str]] = {}
    NoCookies().pre_compile(add_save_task=files.append, add_modify_task=changes.__setitem__)
    return files[0](), changes


def write_script(site: Path, code: str) -> Path:
    script = site / "assets" / "entry-Ab12Cd34.js"
    script.parent.mkdir()
    script.write_text(code)
    return script


def test_the_library_for_cookies_is_left_out() -> None:
    (name, code), changes = prepared()
    assert "class Cookies" in code
    assert f'find: "universal-cookie", replacement: fileURLToPath(new URL("./{name}"' in changes[
        "vite.config.js"
    ](_BUNDLER)
    assert changes["utils/context.jsx"](_STATES) == _STATES


@pytest.mark.parametrize(
    ("file", "text"),
    [("vite.config.js", "resolve: {}"), ("utils/context.jsx", _STATES.replace("{}", '{"a": {}}', 1))],
)
def test_another_bundler_or_a_state_with_a_cookie_stops_the_build(file: str, text: str) -> None:
    _, changes = prepared()
    with pytest.raises(RuntimeError, match="was not found"):
        changes[file](text)


def test_scripts_are_compiled_while_they_arrive(tmp_path: Path) -> None:
    script = write_script(tmp_path, "f();")
    CompiledAhead().post_build(static_dir=tmp_path)
    assert script.read_text() == "//# allFunctionsCalledOnLoad\nf();"


def test_react_begins_without_errors(tmp_path: Path) -> None:
    script = write_script(tmp_path, f"{_MARKERS}throw Error(i(460))")
    NoErrorsBeforehand().post_build(static_dir=tmp_path)
    code = script.read_text()
    assert code.count("=Object.assign(Object.create(Error.prototype),{message:i(") == 5
    assert code.endswith("throw Error(i(460))")


def test_a_react_with_other_markers_stops_the_build(tmp_path: Path) -> None:
    write_script(tmp_path, "var a=Error(i(460));")
    with pytest.raises(RuntimeError, match="1 of 5"):
        NoErrorsBeforehand().post_build(static_dir=tmp_path)


def test_react_begins_once_its_file_has_been_read() -> None:
    changes: dict[str, Callable[[str], str]] = {}
    BegunApart().pre_compile(add_modify_task=changes.__setitem__)
    begin = "startTransition(() => {\n  hydrateRoot(document, createElement(HydratedRouter));\n});\n"
    assert changes["app/entry.client.js"](begin) == f"queueMicrotask(() => {begin[:-2]});\n"
    with pytest.raises(RuntimeError, match="was not found"):
        changes["app/entry.client.js"]("hydrateRoot(document)")
