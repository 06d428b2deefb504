"""The files of the repository: settings told in README, complete locks, nothing of one machine."""

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.harness.environment import ROOT

#: About 400 lines are one job.
LONGEST_MODULE_LINES = 440


@cache
def kept_files() -> tuple[Path, ...]:
    """The files that git keeps, or would keep."""
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    files = (ROOT / name for name in told.decode().split("\0") if name)
    return tuple(sorted(file for file in files if file.is_file()))


def environment_names(settings: str) -> set[str]:
    """The variables that a settings file reads, by its helpers or straight from the environment."""
    names = set()
    for node in ast.walk(ast.parse(settings)):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called.startswith("env_") or called in {"os.environ.get", "os.getenv"}:
                names.add(str(node.args[0].value))
    return names


def test_every_setting_is_told_in_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    read = environment_names((ROOT / "config" / "settings.py").read_text())
    assert "SECRET_KEY" in read
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", readme, flags=re.MULTILINE))
    assert read <= told, f"not in README's table: {sorted(read - told)}"
    assert told <= read, f"in README's table, and nobody reads it: {sorted(told - read)}"


def pins(lock: str) -> dict[str, tuple[str, int]]:
    """Name of each package of a lock -> (version and marker, number of hashes)."""
    found: dict[str, tuple[str, int]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", (ROOT / lock).read_text()):
        requirement = Requirement(block.split(" \\", 1)[0].strip())
        name = canonicalize_name(requirement.name)
        known, count = found.get(name, ("", 0))
        found[name] = (
            f"{known}{requirement.specifier} ; {requirement.marker}\n",
            count + block.count("--hash=sha256:"),
        )
    return found


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt", "requirements-uv.txt"])
def test_every_pin_is_exact_and_has_its_hashes(lock: str) -> None:
    for name, (pin, hashes_count) in pins(lock).items():
        assert pin.startswith("=="), name
        assert hashes_count, name


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for lock, asked in (
        ("requirements.txt", project["dependencies"]),
        ("requirements-dev.txt", project["dependencies"] + project["optional-dependencies"]["dev"]),
    ):
        held = pins(lock)
        for text in asked:
            requirement = Requirement(text)
            pin, _ = held[canonicalize_name(requirement.name)]
            for version in re.findall(r"==(\S+)", pin):
                assert requirement.specifier.contains(version, prereleases=True), text


def test_the_development_lock_contains_the_other() -> None:
    development = pins("requirements-dev.txt")
    assert {name: development.get(name) for name in pins("requirements.txt")} == pins("requirements.txt")


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?<![\w.:/*-])/(work|root|home|Users|mnt|srv)/[A-Za-z.]",
        "|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "npmjs" + r"\.(org|com)", "deb" + r"\.debian\.org")),
        r"(?i)\.pye" + "nv/",
    ],
)
def test_no_file_tells_of_one_machine(pattern: str) -> None:
    found = []
    for file in kept_files():
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(pattern, line) and file != Path(__file__).resolve():
                found.append(f"{file.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert not found, "\n".join(found)


def test_no_module_is_a_drawer_for_everything() -> None:
    names = {"utils.py", "helpers.py", "common.py", "misc.py"}
    assert not [file for file in kept_files() if file.name in names]


def test_no_module_has_grown_too_long() -> None:
    long = {}
    for file in kept_files():
        if file.suffix == ".py" and "migrations" not in file.parts:
            lines_count = len(file.read_text().splitlines())
            if lines_count > LONGEST_MODULE_LINES:
                long[str(file.relative_to(ROOT))] = lines_count
    assert not long


def test_the_commands_are_executable() -> None:
    for name in ("wattprint", "manage.py", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o100, name
