"""House rules a linter cannot say."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from integration_admin.adapters.catalog import CATALOG
from integration_admin.core import errors
from integration_admin.core.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "integration_admin"
ADAPTER_FILES = {"__init__.py", "adapter.py", "client.py", "errors.py", "fields.py", "reference.py"}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_every_folder_with_modules_is_a_package() -> None:
    # Reflex drops the events of states in a folder without __init__.py, in silence.
    folders = {path.parent for path in modules()}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("folder", ["integration_admin", "tests"])
def test_no_file_is_longer_than_four_hundred_lines(folder: str) -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in (ROOT / folder).rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 400
    }
    assert long == {}


def test_functions_are_short() -> None:
    lengths = sorted(
        (node.end_lineno or 0) - node.lineno + 1
        for path in modules()
        for node in functions(ast.parse(path.read_text()))
    )
    assert lengths[len(lengths) // 2] <= 12
    assert lengths[-1] <= 60


def test_every_module_says_what_lives_there() -> None:
    silent = [str(path) for path in modules() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_every_error_stands_in_the_drawn_tree() -> None:
    drawn = errors.__doc__ or ""
    classes = [
        name
        for name, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, errors.IntegrationAdminError)
    ]
    assert [name for name in classes if not re.search(rf"\b{name}\b", drawn)] == []


def test_every_setting_is_in_the_readme_table() -> None:
    readme = (ROOT / "README.md").read_text()
    missing = [name for name in Settings.model_fields if f"`{PREFIX}{name.upper()}`" not in readme]
    assert missing == []


def test_every_adapter_folder_has_the_same_files() -> None:
    # A vendor with several systems has a folder for each in its own.
    folders = [path.parent for path in (PACKAGE / "adapters").glob("**/adapter.py")]
    missing = {
        folder.name: sorted(ADAPTER_FILES - {path.name for path in folder.glob("*.py")}) for folder in folders
    }
    assert len(folders) == len(CATALOG)
    assert {name: files for name, files in missing.items() if files} == {}


def test_no_state_var_is_named_like_a_secret() -> None:
    secret = re.compile(r"password|secret|token|api_key|credential_value", re.IGNORECASE)
    named = [
        f"{path.name}: {node.target.id}"
        for path in (PACKAGE / "states").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and secret.search(node.target.id)
    ]
    assert named == []


def test_no_module_is_named_for_nothing() -> None:
    empty = re.compile(r"(^|_)(utils?|helpers?|managers?|common|misc|enhanced)(_|$)")
    assert [str(path) for path in modules() if empty.search(path.stem)] == []


def test_no_section_banners() -> None:
    banner = re.compile(r"^\s*#\s*([-=#*~]{3,}|.*[-=]{4,}\s*$)", re.MULTILINE)
    assert [str(path) for path in modules() if banner.search(path.read_text())] == []
