"""Whatever works on rows works on PostgreSQL as it does on SQLite: the same tests, run once more."""

import os
import re
import subprocess
import sys

import pytest

from tests.harness.environment import ROOT


@pytest.mark.timeout(400)
@pytest.mark.skipif("WATTPRINT_TEST_DATABASE_URL" in os.environ, reason="this is that run")
def test_all_tests_of_rows_hold_on_postgresql(postgresql_url: str) -> None:
    # pytest-django would read the settings at once, before the new run has set its own environment.
    own = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "postgresql_too", "-p", "no:cacheprovider", "--tb=short"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=own | {"WATTPRINT_TEST_DATABASE_URL": postgresql_url},
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) >= 20
