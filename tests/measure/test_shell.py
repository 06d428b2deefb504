"""`wattprint measure` as people call it: real commands, their exit codes and signals, files, and a server away."""

import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from estimator.measure import measure
from estimator.measure.outbox import NO_SERVER, PATH, Outbox, check_server
from estimator.measure.words import Words
from tests.harness.environment import ROOT

CODE = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from estimator.measure.shell import main; sys.exit(main())"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-I", "-c", CODE, *arguments]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all, so that the catalogue is asked once."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def own(data: Path) -> Iterator[dict[str, str]]:
    yield {**os.environ, "WATTPRINT_DATA": str(data), "WATTPRINT_TOKEN": ""}
    shutil.rmtree(data / "measure" / "outbox", ignore_errors=True)


def measured(
    own: dict[str, str], *arguments: str, typed: str = "", options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    line = command("--interval", "0.1", *options, "--", *arguments)
    return subprocess.run(line, env=own, input=typed, capture_output=True, text=True, timeout=60)


def asked(own: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """What runs no command."""
    return subprocess.run(command(*options), env=own, capture_output=True, text=True, timeout=60)


def test_input_output_and_exit_code_are_the_commands(own: dict[str, str]) -> None:
    done = measured(own, "sh", "-c", "cat; echo to-err >&2; exit 7", typed="what was typed")
    assert done.returncode == 7
    assert done.stdout == "what was typed"
    assert done.stderr.startswith("to-err\n")
    assert "Wattprint measured sh" in done.stderr


def test_the_command_gets_the_environment_and_the_signals_that_we_were_given(own: dict[str, str]) -> None:
    asking = [sys.executable, "-c", "import json, os; print(json.dumps(dict(os.environ)))"]
    done = measured(own, *asking, options=("--quiet",))
    assert json.loads(done.stdout) == json.loads(subprocess.run(asking, env=own, capture_output=True).stdout)
    assert done.stderr == ""
    # Ignored and blocked signals, as the kernel has them: Python ignores two, and we hold some back. What is above the
    # 31 signals of people is glibc's own.
    asking = ["grep", "-E", "Sig(Ign|Blk)", "/proc/self/status"]
    plain = subprocess.run(asking, capture_output=True, text=True)
    told = measured(own, *asking, options=("--quiet",))
    of_people = [[int(line.split()[1], 16) & 0x7FFFFFFF for line in done.stdout.splitlines()] for done in (plain, told)]
    assert of_people[0] == of_people[1]


@pytest.mark.parametrize(("name", "code"), [("no-such-command-here", 127), ("/etc/passwd", 126)])
def test_a_command_that_cannot_be_started(own: dict[str, str], name: str, code: int) -> None:
    done = measured(own, name)
    assert done.returncode == code
    assert name in done.stderr
    assert not Outbox(Path(own["WATTPRINT_DATA"]) / "measure" / "outbox").waiting()


def test_a_command_killed_by_a_signal_gives_128_and_its_number(own: dict[str, str]) -> None:
    assert measured(own, "sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_signals_sent_to_us_reach_the_command(own: dict[str, str], sent: signal.Signals) -> None:
    name = sent.name.removeprefix("SIG")
    script = f"trap 'echo got {name}; exit 42' {name}; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen(
        command("--interval", "60", "--quiet", "--", "sh", "-c", script), env=own, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(sent)
        assert process.stdout.readline() == f"got {name}\n"
        assert process.wait(20) == 42


def test_a_command_that_does_not_trap_dies_of_the_signal(own: dict[str, str]) -> None:
    with subprocess.Popen(
        command("--quiet", "--", "sh", "-c", "echo ready; exec sleep 60"), env=own, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM


def test_what_a_terminal_sends_to_all_reaches_the_command_once(own: dict[str, str]) -> None:
    import pty

    script = "trap 'echo got' INT; echo ready; sleep 0.4 & wait; sleep 0.4 & wait; echo end"
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["setsid", "-c", "-w", *command("--quiet", "--", "sh", "-c", script)],
        env=own,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        told = b""
        while b"ready" not in told:
            told += os.read(ours, 1024)
        os.write(ours, b"\x03")
        while b"end" not in told:
            told += os.read(ours, 1024)
        assert process.wait(20) == 0
    os.close(ours)
    assert told.count(b"got") == 1


def test_json_has_the_components_the_shares_and_the_emissions(own: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "told.json"
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    done = measured(
        own,
        sys.executable,
        "-c",
        burn,
        options=("--json", str(file), "--country", "FR", "--pue", "1.2", "--title", "A"),
    )
    told = json.loads(file.read_text())
    parts = {part["name"]: part for part in told["components"]}
    assert {"cpu_package", "dram"} <= {name.partition(":")[0] for name in parts}
    assert sum(part["energy_j"] for part in parts.values() if part["counted"]) == pytest.approx(
        told["machine_energy_j"]["central"]
    )
    for name, part in parts.items():
        over_time_j = sum(energies_j.get(name, 0.0) for _, _, energies_j in told["samples"])
        assert over_time_j == pytest.approx(part["energy_j"])
        assert part["mean_power_w"] * told["duration_s"] == pytest.approx(part["energy_j"])
    assert 0.0 < told["attributed_energy_j"]["central"] <= told["machine_energy_j"]["central"]
    grid = told["grid_intensity"]["central"]
    machine_kwh = told["machine_energy_j"]["central"] / 3.6e6
    assert told["machine_kgco2e"]["central"] == pytest.approx(machine_kwh * 1.2 * grid / 1e3)
    assert told["machine_kgco2e"]["low"] < told["machine_kgco2e"]["central"] < told["machine_kgco2e"]["high"]
    assert told["location"] == {"country": "FR"}
    assert (told["title"], told["command_name"], told["exit_code"]) == ("A", Path(sys.executable).name, 0)
    assert [sample[0] for sample in told["samples"]] == list(range(1, len(told["samples"]) + 1))
    assert burn not in file.read_text()  # arguments may hold secrets
    assert "France" in done.stderr
    assert "Ember" in done.stderr


def test_an_unknown_place_is_told_while_the_command_runs_and_refused_the_next_time(own: dict[str, str]) -> None:
    script = "trap 'exit 4' TERM; while :; do sleep 0.05; done"
    line = command("--interval", "0.1", "--country", "Germny", "--", "sh", "-c", script)
    with subprocess.Popen(line, env=own, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        assert "Germany" in told
        assert "runs on" in told
        process.send_signal(signal.SIGTERM)
        assert "No CO₂e" in process.stderr.read()
        assert process.wait(20) == 4
    done = measured(own, "sh", "-c", "echo began", options=("--country", "Germny"))
    assert done.returncode == 2
    assert "Germany" in done.stderr
    assert not done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "which command"),
        (["--interval", "0.01", "--", "true"], "0.1 to 60"),
        (["--grid-intensity", "-5", "--", "true"], "0 to 5000"),
        (["--server", "ftp://x", "--token", "t", "--", "true"], "no address"),
        (["--server", "http://x", "--", "true"], "WATTPRINT_TOKEN"),
        (["--send"], "--send needs --server"),
        (["--send", "--server", "http://x", "--token", "t", "--", "true"], "runs no command"),
        (["--waiting", "--", "true"], "nothing else"),
        (["--instead-of", "http://x", "--", "true"], "--send"),
        (["--json", "/nonexistent/told.json", "--", "true"], "there is no folder /nonexistent"),
        (["--json", "/dev/null", "--", "true"], "no file"),
        (["--json", "/proc/told.json", "--", "true"], "/proc/told.json cannot be written"),
    ],
)
def test_what_is_typed_wrong_is_told(own: dict[str, str], arguments: list[str], said: str) -> None:
    done = subprocess.run(command(*arguments), env=own, capture_output=True, text=True)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_meter_that_was_asked_for_and_is_missing(own: dict[str, str]) -> None:
    done = measured(own, "true", options=("--meter", "apple"))
    assert done.returncode == 2
    assert "Apple" in done.stderr


def test_without_a_home_it_still_measures(own: dict[str, str]) -> None:
    blocked = {**own, "WATTPRINT_DATA": "/proc/no-folder-can-be-made-here"}
    done = measured(blocked, "sh", "-c", "exit 5", options=("--grid-intensity", "50"))
    assert done.returncode == 5
    assert "Wattprint measured sh" in done.stderr
    assert "cannot be kept for a server" in done.stderr


# --- a server, present and away ---------------------------------------------------------------------------------------


class Server(http.server.ThreadingHTTPServer):
    """Takes measurements as the real one does."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, str, Any]] = []
        self.answers: list[tuple[int, dict[str, Any] | bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    """One call."""

    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.got.append((self.path, self.headers["Authorization"], body))
        status, told = self.server.answers.pop(0) if self.server.answers else (201, {"id": "x", "url": "/m/x"})
        content = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"{self.server.url}/elsewhere")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_it_is_kept_while_the_server_is_away_and_sent_later(own: dict[str, str], server: Server) -> None:
    away = ("--server", "http://127.0.0.1:9", "--token", "secret-token")
    done = measured(own, "sh", "-c", "exit 3", options=(*away, "--quiet"))
    assert done.returncode == 3
    assert "cannot be reached" in done.stderr
    outbox = Outbox(Path(own["WATTPRINT_DATA"]) / "measure" / "outbox")
    (waiting,) = outbox.waiting()
    assert waiting.stat().st_mode & 0o077 == 0
    assert "secret-token" not in waiting.read_text()
    own["WATTPRINT_TOKEN"] = "T"
    done = asked(own, "--send", "--server", server.url)
    assert done.returncode == 0
    assert f"nothing waits for {server.url}" in done.stderr
    assert "1 more are meant for other servers" in done.stderr
    assert not server.got
    done = asked(own, "--send", "--server", server.url, "--instead-of", "http://127.0.0.1:9/")
    assert done.returncode == 0, done.stderr
    ((path, authorization, body),) = server.got
    assert (path, authorization) == (PATH, "Bearer T")
    assert set(body) == {
        "kind", "client_id", "title", "started_at_s", "duration_s", "interval_s", "inventory", "components", "samples",
        "command_name", "attributed", "flags", "exit_code", "location", "grid_intensity_gco2e_per_kwh", "pue",
    }  # fmt: skip
    names = {"name", "quality", "energy_j", "mean_power_w", "label", "counted", "low", "high", "note"}
    for part in body["components"]:
        told = {name: part[name] for name in ("label", "note") if name in part.get("words", {})}
        assert set(part) == names | ({"words"} if told else set())
        for name, sentence in told.items():
            assert sentence == Words((one["text"], one["params"]) for one in part["words"][name])
    assert not outbox.waiting()


def test_what_no_server_was_named_for_waits_until_one_is_named_for_it(own: dict[str, str], server: Server) -> None:
    own["WATTPRINT_TOKEN"] = "T"
    assert "It waits on this disk" in measured(own, "true", options=("--title", "For none")).stderr
    measured(own, "true", options=("--title", "For one", "--server", f"{server.url}/", "--quiet"))
    assert [told["title"] for _, _, told in server.got] == ["For one"]
    (line,) = asked(own, "--waiting").stdout.splitlines()
    assert "For none" in line
    assert line.endswith("for no server yet")
    for _ in range(2):
        assert asked(own, "--send", "--server", server.url).returncode == 0
    assert [told["title"] for _, _, told in server.got] == ["For one", "For none"]
    assert asked(own, "--waiting").stdout == "Nothing waits.\n"


def test_a_block_is_sent_by_the_same_folder(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("WATTPRINT_DATA", str(tmp_path))
    with measure(interval_s=0.1, grid_intensity_gco2e_per_kwh=50.0, title="A block") as m:
        pass
    assert not m.send(server="wattprint.example", token="T")
    assert "no address" in caplog.text
    assert [kept.server for kept in Outbox().listed()] == [NO_SERVER]
    with m:
        pass
    server.answers = [(503, {})]
    assert [sending.outcome for sending in m.send(server=server.url, token="T")] == ["kept"]
    assert [sending.outcome for sending in m.send(server=server.url, token="T")] == ["sent"]
    assert not m.send(server=server.url, token="T")
    assert {told["client_id"] for _, _, told in server.got} == {m.result.client_id}


def body(number: int) -> dict[str, Any]:
    return {"client_id": f"id-{number}", "started_at_s": 1_764_000_000.0 + number, "title": f"run {number}"}


def filled(folder: Path, count: int, server: str = NO_SERVER) -> Outbox:
    outbox = Outbox(folder)
    for number in range(count):
        outbox.put(body(number), server=server)
    return outbox


@pytest.mark.parametrize(
    ("status", "outcome", "left", "tried"),
    [
        (200, "sent", 0, 3),
        (401, "kept", 3, 1),
        (404, "kept", 3, 1),
        (422, "refused", 2, 3),
        (429, "kept", 3, 1),
        (503, "kept", 3, 1),
        (302, "kept", 3, 1),
    ],
)
def test_what_becomes_of_each(tmp_path: Path, server: Server, status: int, outcome: str, left: int, tried: int) -> None:
    outbox = filled(tmp_path, 3, server.url)
    fields = [{"path": "location.country", "message": "No such country."}]
    server.answers = [(status, {"error": {"code": "x", "message": "Because.", "fields": fields}})]
    told = list(outbox.send(server=server.url, token="T"))
    assert told[0].outcome == outcome
    assert len(server.got) == tried == len(told)
    waiting = outbox.waiting()
    assert len(waiting) == (left if outcome != "refused" else 0)
    if status >= 400:
        assert "Because. location.country: No such country." in told[0].message
    if outcome == "refused":
        assert [(kept.title, kept.server, kept.refused) for kept in outbox.listed()] == [("run 0", server.url, True)]


def test_they_are_sent_oldest_first_and_an_answer_that_is_no_json_is_no_receipt(tmp_path: Path, server: Server) -> None:
    outbox = filled(tmp_path, 12, server.url)
    outbox.put(body(0), server="http://127.0.0.1:9")
    server.answers = [(200, {}), (200, b"<html>log in first</html>")]
    told = list(outbox.send(server=server.url, token="T"))
    assert [sending.outcome for sending in told] == ["sent", "kept"]
    assert [got[2]["client_id"] for got in server.got] == ["id-0", "id-1"]
    assert len(outbox.waiting(server.url)) == 11
    assert len(outbox.waiting()) == 12


def test_the_outbox_is_bounded_and_a_broken_file_is_set_aside(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("estimator.measure.outbox.MOST_KEPT_COUNT", 3)
    outbox = filled(tmp_path, 3)
    assert outbox.put(body(3)) == 1
    assert [path.name.endswith("id-0.json") for path in outbox.waiting()] == [False] * 3
    outbox.waiting()[0].write_text("{broken")
    assert not list(outbox.send(server=server.url, token="T"))
    told = list(outbox.send(server=server.url, token="T", also=[NO_SERVER]))
    assert [sending.outcome for sending in told] == ["refused", "sent", "sent"]
    assert not outbox.waiting()


def test_what_another_process_sends_meanwhile_costs_nothing(tmp_path: Path) -> None:
    outbox = filled(tmp_path, 1)
    (tmp_path / "0-gone.json").symlink_to(tmp_path / "nowhere")
    assert outbox.put(body(1)) == 0
    assert [kept.title for kept in outbox.listed()] == [body(0)["title"], body(1)["title"]]


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("https://Wattprint.Example:443/", "https://wattprint.example"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("HTTPS://x:80/Sub/", "https://x:80/Sub"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_a_server_is_always_written_the_same(address: str, known: str) -> None:
    assert check_server(address) == known


@pytest.mark.parametrize(
    "address",
    [
        "", "wattprint.example", "file:///etc/passwd", "https://", "http://x/?q=1", "http://x:99999", "http://[::1",
        "https://ann:secret@x", f"https://x/{'y' * 300}",
    ],
)  # fmt: skip
def test_what_is_no_server_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        check_server(address)
