"""
Measuring beside CodeCarbon's offline tracker: the same fixed work, turn by turn, each in a process of its own.

Told are the time until the work begins, the largest memory of the process, and the CPU time that the measuring itself
takes while nothing else runs.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.conftest import Table
from tests.harness.environment import ROOT

ROUNDS_COUNT = 7
WATCHED_S = 20.0
MB_PER_KB = 1 / 1000.0

#: Fixed work for one thread; it tells when it began.
WORK = "import time; print(time.time(), flush=True); n = 0\nfor i in range(1_000_000): n += i"

TRACKER = """
import time
from codecarbon import OfflineEmissionsTracker
tracker = OfflineEmissionsTracker(
    country_iso_code="FRA", measure_power_secs={interval}, save_to_file=False, log_level="critical",
    allow_multiple_runs=True,
)
tracker.start()
"""


#: Calls a line and adds its largest memory to what it prints. A process is told the memory of the one that it was
#: forked from as its own, so this one has to be small.
CALL = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(pid, 0)
print(used.ru_maxrss, flush=True)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def run(arguments: list[str], data: Path) -> tuple[float, float]:
    """Time until its work began [s], and its largest memory [MB]."""
    began_s = time.time()
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", CALL, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=data,
        env=os.environ | {"WATTPRINT_DATA": str(data)},
        check=True,
    )
    work_began, peak_kb = done.stdout.split()
    return float(work_began) - began_s, float(peak_kb) * MB_PER_KB


def test_start_and_memory(table: Table, tmp_path: Path) -> None:
    """From the call to the first line of the work, and the peak of the measuring process."""
    door = [sys.executable, str(ROOT / "wattprint"), "measure", "--quiet", "--country", "FR", "--"]
    ours = [*door, sys.executable, "-c", WORK]
    theirs = [sys.executable, "-c", f"{TRACKER.format(interval=1)}{WORK}\ntracker.stop()"]
    bare = [sys.executable, "-c", WORK]
    starts_s: dict[str, list[float]] = {"CodeCarbon": [], "Wattprint": [], "bare": []}
    peaks_mb: dict[str, list[float]] = {"CodeCarbon": [], "Wattprint": []}
    run(ours, tmp_path)  # the catalogue is asked once, and its answer kept
    for _ in range(ROUNDS_COUNT):
        for name, line in (("bare", bare), ("CodeCarbon", theirs), ("Wattprint", ours)):
            start_s, peak_mb = run(line, tmp_path)
            starts_s[name].append(start_s)
            if name in peaks_mb:
                peaks_mb[name].append(peak_mb)
    table.add("start of the bare work", starts_s["bare"])
    table.add("start under CodeCarbon", starts_s["CodeCarbon"], against="start of the bare work")
    table.add("start under ./wattprint measure", starts_s["Wattprint"], against="start under CodeCarbon")
    # Python's own start is in all three.
    added_s = {
        name: [start_s - bare_s for start_s, bare_s in zip(starts_s[name], starts_s["bare"], strict=True)]
        for name in peaks_mb
    }
    table.add("added to the start by CodeCarbon", added_s["CodeCarbon"])
    table.add(
        "added to the start by ./wattprint measure", added_s["Wattprint"], against="added to the start by CodeCarbon"
    )
    table.note("peak memory of CodeCarbon", statistics.median(peaks_mb["CodeCarbon"]), "MB")
    table.note(
        "peak memory of ./wattprint measure",
        statistics.median(peaks_mb["Wattprint"]),
        "MB",
        against="peak memory of CodeCarbon",
    )


WATCH_OURS = f"""
import json, os, resource, signal, sys, time
sys.path.insert(0, {str(ROOT)!r})
from estimator.measure.command import Command
from estimator.measure.meters import open_meters
from estimator.measure.recorder import Recorder
recorder = Recorder(open_meters(), interval_s=1.0)
command = Command(["sleep", "{WATCHED_S + 2}"])
recorder.attribution.follow(command.pid, is_new=True)
samples = recorder.window.samples(command.wait)
recorder.add(next(samples))
before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
for sample in samples:
    recorder.add(sample)
    if time.monotonic() - began >= {WATCHED_S}:
        os.kill(command.pid, signal.SIGTERM)  # the next sample is the last
"""
WATCH_THEIRS = f"""
import json, resource, time
{TRACKER.format(interval=1)}
time.sleep(1)
before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
time.sleep({WATCHED_S})
"""
TELL = """
after = resource.getrusage(resource.RUSAGE_SELF)
used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps(used / (time.monotonic() - began)))
"""


def test_cpu_time_at_one_second(table: Table, tmp_path: Path) -> None:
    """CPU time of the measuring while the measured command sleeps."""
    cases = {"CodeCarbon": WATCH_THEIRS, "Wattprint": WATCH_OURS}
    environment = os.environ | {"WATTPRINT_DATA": str(tmp_path)}
    shares: dict[str, float] = {}
    for name, code in cases.items():
        done = subprocess.run(
            [sys.executable, "-c", code + TELL],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        shares[name] = json.loads(done.stdout) * 100
    table.note("CPU of CodeCarbon at 1 s", shares["CodeCarbon"], "% of a core")
    table.note("CPU of measuring at 1 s", shares["Wattprint"], "% of a core", against="CPU of CodeCarbon at 1 s")
