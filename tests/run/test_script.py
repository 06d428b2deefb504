"""The script itself: what it says, and that it can start from nothing."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness.environment import ROOT
from tests.harness.servers import LiveSite, free_port
from tests.house.test_files import kept_files

COMMANDS = ("up", "test", "bench", "measure", "worker")


def wattprint(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script with the Python of the tests."""
    return subprocess.run([sys.executable, str(ROOT / "wattprint"), *arguments], capture_output=True, text=True)


def test_without_a_command_it_lists_them_with_one_line_each() -> None:
    done = wattprint()
    assert done.returncode == 0
    lines = [line for line in done.stdout.splitlines() if line.startswith("  ./wattprint ")]
    assert [line.split()[1] for line in lines] == list(COMMANDS)


def test_an_unknown_command_is_told() -> None:
    done = wattprint("down")
    assert done.returncode == 1
    assert "no command named 'down'" in done.stderr


def test_another_python_is_refused_with_one_sentence() -> None:
    code = (
        "import sys; sys.version_info = (3, 9, 0); sys.argv = ['wattprint', 'up']; __file__ = 'wattprint';"
        f"exec(open({str(ROOT / 'wattprint')!r}).read())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PATH": "/nowhere"})
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "Wattprint needs Python 3.11, 3.12 or 3.13, and this is 3.9: install one of them and run the same line again."
    )


@pytest.mark.timeout(400)
def test_from_a_fresh_copy_one_command_serves_the_page(tmp_path: Path) -> None:
    copy = tmp_path / "wattprint"
    for file in kept_files():
        place = copy / file.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # removed by somebody since it was listed
            shutil.copy(file, place)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO_"))}

    class FromTheScript(LiveSite):
        def command(self, *more: str) -> list[str]:
            return [sys.executable, str(copy / "wattprint"), "up", "--port", str(self.port), *more]

        def environment(self) -> dict[str, str]:
            known = super().environment()
            return {name: value for name, value in known.items() if name in own}

    site = FromTheScript(copy / "var", port=free_port())
    site.error_log = tmp_path / "stderr"
    try:
        site.start()
        assert (copy / ".venv" / "wattprint.stamp").exists()
        assert site.is_well()
        assert site.stop() == 0
        # What is installed by then is enough to measure, and a measured command is not told where we lie.
        asking = [sys.executable, str(copy / "wattprint"), "measure", "--quiet", "--", "sh", "-c", "env; exit 4"]
        measured = subprocess.run(asking, capture_output=True, text=True, env=own | {"WATTPRINT_DATA": str(tmp_path)})
        assert measured.returncode == 4, measured.stderr
        assert "PYTHON" not in measured.stdout
    finally:
        if site.process is not None and site.process.poll() is None:
            site.stop()
