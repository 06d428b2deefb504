"""The examples in the docstrings of core are true."""

import doctest
import importlib
import pkgutil

import pytest

import estimator.core

MODULES = [f"estimator.core.{module.name}" for module in pkgutil.iter_modules(estimator.core.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.failed == 0
