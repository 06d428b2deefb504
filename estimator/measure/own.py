"""Wattprint's own Python and its packages, for a program that runs in an environment of its own."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]


def own_python() -> str:
    """The Python that has our packages: of our `.venv`, or the one that runs us where there is none."""
    python = ROOT / ".venv" / "bin" / "python"
    return str(python if python.exists() else sys.executable)


def borrowed(name: str) -> ModuleType:
    """
    A package of this environment, or ours where it has none.

    Parameters
    ----------
    name : str
        Its name; one that is written in Python alone, or for every Python.

    Raises
    ------
    ImportError
        If it is in neither.
    """
    try:
        return import_module(name)
    except ImportError:
        from importlib.machinery import PathFinder
        from importlib.util import module_from_spec

        spec = PathFinder.find_spec(name, [str(folder) for folder in ROOT.glob(".venv/lib/python*/site-packages")])
        if spec is None or spec.loader is None:
            raise
        module = sys.modules[name] = module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module
