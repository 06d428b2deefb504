"""Loaded by `-p` before any other plugin: pytest-django reads the settings as it starts, in each process of the run."""

from tests.harness import environment

environment.prepare()
