"""The adapter that docs/adapters.md has its readers write, taken out of that page word for word."""

import importlib
import re
import tempfile
from pathlib import Path
from types import ModuleType

import integration_admin.adapters
import integration_admin.sandbox

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "adapters.md"
_BLOCK = re.compile(r"^`(integration_admin/\S+\.py)`\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def written() -> tuple[ModuleType, ModuleType]:
    """Write the page's files where they belong, beside the product's own, and return adapter and simulation."""
    folder = Path(tempfile.mkdtemp(prefix="ia-guide-"))
    for path, code in _BLOCK.findall(_PAGE.read_text()):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code)
    for package in (integration_admin.adapters, integration_admin.sandbox):
        package.__path__.append(str(folder / package.__name__.replace(".", "/")))
    return (
        importlib.import_module("integration_admin.adapters.tiny_ledger.adapter"),
        importlib.import_module("integration_admin.sandbox.tiny_ledger"),
    )
