"""Changes the code that decides what is sent, one small fault at a time, and counts how many the tests notice.

mutmut makes the faults and runs the tests that [tool.mutmut] names, in a copy of the project under instance/;
here the copy is made and the table is printed. Exit 1 when a module falls short of the bar.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import libcst as cst
from mutmut.stats import status_by_exit_code

from benchmarks.report import Figure, at_least, table, write

_REPORT = Path("instance/reports/mutants.json")
_COPY = Path("instance/mutation")
_COPIED = ("integration_admin", "tests", "faults", "benchmarks", "alembic", "alembic.ini", "pyproject.toml")
_NOTICED = {"killed", "timeout", "segfault"}
_BAR = 0.9


def main() -> int:
    """Make the copy, run mutmut in it and print what share of the faults was noticed in each module."""
    modules = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutmut"]["only_mutate"]
    _copy_project(modules)
    with _folder_for_databases() as folder:
        subprocess.run(  # noqa: S603, our own tool with the caller's own words
            [Path(sys.executable).with_name("mutmut"), "run", "--max-children", "2", *sys.argv[1:]],
            cwd=_COPY,
            env=os.environ | {"TMPDIR": folder},  # noqa: TID251, for a program of its own
            check=True,
        )
    outcomes = {module: _outcomes(module) for module in modules}
    if sys.argv[1:]:
        outcomes = {module: _checked(found) for module, found in outcomes.items() if _checked(found)}
    figures = [_figure(module, found) for module, found in outcomes.items()]
    write(figures, _REPORT)
    survivors = [
        name for found in outcomes.values() for name, status in found.items() if status not in _NOTICED
    ]
    sys.stdout.write("\n".join(["", *survivors, "", table(figures), ""]))
    return 0 if all(figure.holds for figure in figures) else 1


def _copy_project(modules: list[str]) -> None:
    shutil.rmtree(_COPY, ignore_errors=True)
    _COPY.mkdir(parents=True)
    for name in _COPIED:
        source = Path(name)
        if source.is_dir():
            shutil.copytree(source, _COPY / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, _COPY / name)
    for module in modules:
        file = _COPY / module
        file.write_text(cst.parse_module(file.read_text()).visit(_Undecorated()).code)


class _Undecorated(cst.CSTTransformer):
    """Applies decorators in a statement of its own: mutmut leaves functions with decorators alone."""

    def leave_FunctionDef(  # noqa: N802, libcst finds it by this name
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef | cst.FlattenSentinel[cst.BaseStatement]:
        """Split one function with decorators in two statements; mutmut knows class methods itself."""
        name = original_node.name.value
        decorators = [item.decorator for item in updated_node.decorators]
        if not decorators or decorators[0].deep_equals(cst.Name("classmethod")):
            return updated_node
        value: cst.BaseExpression = cst.Name(f"{name}_plain")
        for decorator in reversed(decorators):
            value = cst.Call(decorator, [cst.Arg(value)])
        decorated = cst.Assign([cst.AssignTarget(cst.Name(name))], value)
        plain = updated_node.with_changes(name=cst.Name(f"{name}_plain"), decorators=[])
        return cst.FlattenSentinel([plain, cst.SimpleStatementLine([decorated])])


@contextmanager
def _folder_for_databases() -> Iterator[str]:
    """Stop what a test leaves running when its time is up, and remove it with the folder."""
    with tempfile.TemporaryDirectory(prefix="ia-mutants-", ignore_cleanup_errors=True) as folder:
        try:
            yield folder
        finally:
            for file in Path(folder).glob("*/postmaster.pid"):
                os.kill(int(file.read_text().split()[0]), signal.SIGQUIT)


def _outcomes(module: str) -> Mapping[str, str]:
    """Return what became of each mutant of a module, by its name."""
    stored = json.loads((_COPY / "mutants" / f"{module}.meta").read_text())
    return {name: status_by_exit_code[code] for name, code in stored["exit_code_by_key"].items()}


def _checked(found: Mapping[str, str]) -> Mapping[str, str]:
    """Leave out what was not asked for."""
    return {name: status for name, status in found.items() if status != "not checked"}


def _figure(module: str, found: Mapping[str, str]) -> Figure:
    noticed = sum(status in _NOTICED for status in found.values())
    return at_least(f"mutants_{Path(module).stem}", noticed / len(found), f"of {len(found)}", _BAR)


if __name__ == "__main__":
    sys.exit(main())
