"""
Apple silicon, by what its own tool `powermetrics` prints.

It tells the mean power of processor, graphics and neural engine over each second by Apple's own model of the chip; the
tool needs the rights of root and takes no input from anyone.

References
----------
.. [1] powermetrics(1), macOS manual page (options; powers are estimates, to be compared on one machine alone).
"""

import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Iterable, Mapping
from typing import Final

from estimator.measure.samplers import Accelerator, Component, MeterProblem, Reading
from estimator.measure.words import words as _

TOOL: Final = "/usr/bin/powermetrics"
PERIOD_S: Final = 1.0
W_PER_MILLIWATT: Final = 1e-3
S_PER_MILLISECOND: Final = 1e-3
#: Apple gives no accuracy and says that the figures are estimates for comparing on one machine.
SPREAD: Final = 0.2

#: What the tool calls a part -> what we do.
PARTS: Final = {
    "CPU": Component(
        "cpu_package:0", "sampled", _("Processor"), update_period_s=PERIOD_S, low=1 - SPREAD, high=1 + SPREAD
    ),
    "GPU": Component(
        "accelerator:0", "sampled", _("Graphics"), update_period_s=PERIOD_S, low=1 - SPREAD, high=1 + SPREAD
    ),
    "ANE": Component(
        "accelerator:ane", "sampled", _("Neural engine"), update_period_s=PERIOD_S, low=1 - SPREAD, high=1 + SPREAD
    ),
    "DRAM": Component("dram:0", "sampled", _("Memory"), update_period_s=PERIOD_S, low=1 - SPREAD, high=1 + SPREAD),
}
_PASSED: Final = re.compile(r"^\*\*\* Sampled system activity .*\(([\d.]+)ms elapsed\)")
_POWER: Final = re.compile(r"^(CPU|GPU|ANE|DRAM) Power: ([\d.]+) mW")
#: What follows the powers of a period: their sum, by its name then and now, or what the graphics did.
_AFTER_POWERS: Final = ("Combined Power", "Package Power", "**** GPU usage")


class PowermetricsLog:
    """Energy of each part so far, from the lines of the tool."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._passed_s = 0.0
        self._told: set[str] = set()  #: in this period
        self._energy_j: dict[str, float] = {}

    def feed(self, line: str) -> None:
        """Take one line."""
        if passed := _PASSED.match(line):
            self._passed_s = float(passed[1]) * S_PER_MILLISECOND
            self._told.clear()
        elif (power := _POWER.match(line)) and power[1] not in self._told:
            # The graphics are told twice: among the powers, and again under "GPU usage".
            self._told.add(power[1])
            name = PARTS[power[1]].name
            with self._lock:
                energy_j = float(power[2]) * W_PER_MILLIWATT * self._passed_s
                self._energy_j[name] = self._energy_j.get(name, 0.0) + energy_j

    def energies_j(self) -> dict[str, float]:
        """Joules by component since the tool was started."""
        with self._lock:
            return dict(self._energy_j)


class AppleMeter:
    """The tool, running, and a thread that reads its lines."""

    name = "apple"

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._log = PowermetricsLog()
        self._first = threading.Event()
        assert process.stdout is not None
        self._thread = threading.Thread(target=self._follow, args=(process.stdout,), daemon=True)
        self._thread.start()
        self._first.wait(5 * PERIOD_S)
        told = self._log.energies_j()
        self.components = tuple(part for part in PARTS.values() if part.name in told)
        self.accelerators = tuple(
            Accelerator(name=part.label, component=part.name, vendor="Apple")
            for part in self.components
            if part.kind == "accelerator"
        )

    def read(self) -> Mapping[str, Reading]:
        """Energy of each part so far."""
        return {name: Reading(energy_j=energy_j) for name, energy_j in self._log.energies_j().items()}

    def close(self) -> None:
        """Stop the tool."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._thread.join(5)

    def _follow(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._log.feed(line)
            if line.startswith(_AFTER_POWERS):
                self._first.set()


def open_meter() -> AppleMeter:
    """
    Start the tool.

    Raises
    ------
    MeterProblem
        If this is no Mac with Apple's own chip, or the tool may not be run.
    """
    uname = os.uname()
    if uname.sysname != "Darwin" or uname.machine != "arm64":
        raise MeterProblem(_("This is no Mac with Apple silicon."))
    if os.geteuid() != 0:
        raise MeterProblem(
            _("powermetrics needs the rights of root."),
            _("Run the same line with sudo to measure processor and graphics."),
        )
    try:
        process = subprocess.Popen(
            # Line by line, for into a pipe it may keep back what it has told.
            [TOOL, "--samplers", "cpu_power,gpu_power,ane_power", "-i", str(int(PERIOD_S * 1000)), "-b", "1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
    except OSError as problem:
        raise MeterProblem(_("powermetrics cannot be started: %(problem)s.", problem=str(problem))) from problem
    meter = AppleMeter(process)
    if not meter.components:
        meter.close()
        raise MeterProblem(_("powermetrics tells no power on this Mac."))
    return meter
