"""The parts of the launcher alone."""

import hashlib
import sys
import time
from pathlib import Path

import pytest

from config.launch import redis
from config.launch.__main__ import main
from config.launch.folder import DataFolder
from config.launch.processes import LOG_BYTES, BoundedLog, Child, Service, commands_of_group, started_at
from config.launch.supervisor import Supervisor
from config.launch.trouble import Trouble
from tests.harness.servers import wait_until


def service(code: str, *, essential: bool = False, grace_s: float = 5) -> Service:
    """A service of a few lines of Python."""
    return Service("it", [sys.executable, "-c", code], floor=0, essential=essential, grace_s=grace_s)


def supervisor(folder: Path) -> Supervisor:
    """One that notes nothing."""
    watch = Supervisor({}, folder, folder, lambda: None)
    watch.coming_up = False
    return watch


def until_dead(child: Child) -> None:
    """Wait for its end and for its last line."""
    process = child.process
    assert process is not None
    process.wait(timeout=20)
    wait_until(lambda: child.last_lines, what="its last lines")


def test_a_service_that_keeps_dying_ends_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watch = supervisor(tmp_path)
    child = watch.start(service("print('no luck'); raise SystemExit(3)", essential=True))
    delays_s = []
    with pytest.raises(Trouble, match="5 times within a minute, so Wattprint stops"):
        for _ in range(5):
            until_dead(child)
            watch.look_after()
            assert child.start_again_at is not None
            delays_s.append(child.start_again_at - time.monotonic())
            child.start_again_at = 0.0
            watch.look_after()
    assert delays_s == pytest.approx([0.5, 1.0, 2.0, 4.0], abs=0.2)
    told = capsys.readouterr().err
    assert told.count("it ended by itself (exit 3). Its last lines:\n    no luck") == 5
    watch.stop()


def test_what_dies_at_once_ends_the_start(tmp_path: Path) -> None:
    watch = supervisor(tmp_path)
    watch.coming_up = True
    child = watch.start(service("print('no luck'); raise SystemExit(3)"))
    with pytest.raises(Trouble, match="it does not start, so Wattprint stops"):
        for _ in range(3):
            until_dead(child)
            watch.look_after()
            child.start_again_at = 0.0
            watch.look_after()
    watch.stop()


def test_a_worker_that_keeps_dying_is_left_alone_for_a_minute(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = supervisor(tmp_path)
    child = watch.start(service("print('no luck'); raise SystemExit(3)"))
    for _ in range(5):
        until_dead(child)
        watch.look_after()
        assert child.start_again_at is not None
        pause_s = child.start_again_at - time.monotonic()
        child.start_again_at = 0.0
        watch.look_after()
    assert pause_s == pytest.approx(60, abs=1)
    assert "the site stays up without it" in capsys.readouterr().err
    watch.stop()


def test_one_that_does_not_listen_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    watch = supervisor(tmp_path)
    child = watch.start(
        service(
            "import signal, subprocess, sys, time\n"
            "for number in (signal.SIGTERM, signal.SIGQUIT): signal.signal(number, signal.SIG_IGN)\n"
            "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            "print('deaf', flush=True)\ntime.sleep(600)",
            grace_s=0.3,
        )
    )
    wait_until(lambda: child.last_lines, what="deaf")
    assert child.pid is not None
    group = child.pid
    assert len(commands_of_group(group)) == 2
    watch.stop()
    wait_until(lambda: not commands_of_group(group), what="gone")


def test_a_log_does_not_fill_the_disk(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "it.log")
    line = "x" * 99_999
    for _ in range(3 * LOG_BYTES // 100_000):
        log.write(line)
    log.close()
    assert {path.name for path in tmp_path.iterdir()} == {"it.log", "it.log.1"}
    assert all(path.stat().st_size <= LOG_BYTES + 100_000 for path in tmp_path.iterdir())
    assert (tmp_path / "it.log").stat().st_mode & 0o077 == 0


def test_a_process_is_known_by_when_it_began(tmp_path: Path) -> None:
    watch = supervisor(tmp_path)
    child = watch.start(service("import time; time.sleep(600)"))
    assert child.pid is not None
    began = started_at(child.pid)
    assert began is not None
    assert started_at(child.pid) == began
    pid = child.pid
    watch.stop()
    assert started_at(pid) is None


def test_the_folder_is_held_by_one(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path / "var"), DataFolder(tmp_path / "var")
    first.prepare()
    first.hold()
    with pytest.raises(Trouble, match="and is just starting"):
        second.hold()
    first.tell_run({"url": "http://127.0.0.1:1/"})
    with pytest.raises(Trouble, match="at http://127.0.0.1:1/"):
        second.hold()
    first.release()
    second.hold()
    second.release()


def test_the_link_of_the_owner_is_kept_as_a_digest_and_goes_with_the_run(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "var")
    folder.prepare()
    folder.hold()
    first, second = folder.write_owner_link(), folder.write_owner_link()
    told = folder.owner_link.read_text()
    assert first != second and len(second) == 43
    assert second not in told and hashlib.sha256(second.encode()).hexdigest() in told
    assert folder.owner_link.stat().st_mode & 0o077 == 0
    folder.release()
    assert not folder.owner_link.exists()


def test_another_link_of_the_owner_is_printed_while_the_site_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = DataFolder(tmp_path / "var")
    monkeypatch.setattr("sys.argv", ["up", "--owner-link", "--data", str(folder.path)])
    assert main() == 1
    folder.prepare()
    folder.hold()
    for told in ({}, {"url": "http://192.0.2.1:1/"}, {"url": "http://192.0.2.1:1/", "owner_link": False}):
        folder.tell_run(told)
        assert main() == 1
        assert not folder.owner_link.exists()
    shown = capsys.readouterr()
    said = ("does not run on", "is just starting", "Others can reach", "Others can reach")
    assert all(part in line for part, line in zip(said, shown.err.splitlines(), strict=True)) and not shown.out
    folder.tell_run({"url": "http://127.0.0.1:1/", "owner_link": True})
    assert main() == 0
    token = capsys.readouterr().out.removeprefix("http://127.0.0.1:1/owner/").rstrip("/\n")
    assert hashlib.sha256(token.encode()).hexdigest() in folder.owner_link.read_text()
    folder.release()
    assert main() == 1, "it does not run any more"


def test_a_socket_in_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / "with a space"
    place = redis.socket_path(folder)
    assert place.parent.stat().st_mode & 0o077 == 0
    place.parent.chmod(0o755)
    with pytest.raises(Trouble, match="open to others"):
        redis.socket_path(folder)
