"""The formats know no web: they are functions of a run."""

import ast
from pathlib import Path

import reports.disclosures

FORBIDDEN = {"django", "celery", "ninja", "weasyprint", "config", "redis", "time", "random", "socket", "urllib"}


def test_no_format_imports_a_framework() -> None:
    folder = Path(reports.disclosures.__file__).parent
    files = sorted(folder.glob("*.py"))
    assert len(files) > 15
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.split(".")[0] for name in names} & FORBIDDEN, file.name
