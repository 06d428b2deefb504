"""Meters and machines for the tests: traces, fake trees of the kernel, and a loop that drives them."""

from collections.abc import Callable, Mapping
from pathlib import Path

from estimator.measure.replay import ReplayMeter, Trace, read_trace
from estimator.measure.samplers import Accelerator, Component, Meter, Reading, Sample
from estimator.measure.totals import Total, Totals
from estimator.measure.window import Window

TRACES = Path(__file__).parent / "traces"


def trace(name: str) -> Trace:
    """One of the traces."""
    return read_trace(TRACES / f"{name}.csv")


class Driven:
    """A real meter whose device is set to what a trace says at the moment of each reading."""

    name = "driven"
    accelerators: tuple[Accelerator, ...] = ()

    def __init__(self, meter: Meter, replay: ReplayMeter, show: Callable[[Mapping[str, Reading]], None]) -> None:
        self._meter, self._replay, self._show = meter, replay, show
        self.components = meter.components

    def read(self) -> Mapping[str, Reading]:
        """Set the device, then read it as ever."""
        self._show(self._replay.read())
        return self._meter.read()

    def close(self) -> None:
        """Close the meter."""
        self._meter.close()


class Told:
    """A meter that says what it is told."""

    name = "told"
    accelerators: tuple[Accelerator, ...] = ()

    def __init__(self, *components: Component) -> None:
        self.components = components
        self.readings: dict[str, Reading] = {}

    def read(self) -> Mapping[str, Reading]:
        """What it was told last."""
        return dict(self.readings)

    def close(self) -> None:
        """Nothing is held."""


def replayed(replay: ReplayMeter, meter: Meter | None = None, *, interval_s: float = 1.0) -> list[Sample]:
    """Every sample of a trace, through its own meter or another."""
    window = Window([meter or replay], interval_s=interval_s, clock=replay.clock)
    return list(window.samples(replay.wait))


def totals(samples: list[Sample], *components: Component) -> dict[str, Total]:
    """The sums, by component."""
    sums = Totals()
    for sample in samples:
        sums.add(sample)
    return {row.component.name: row for row in sums.rows(components)}


def tree(folder: Path, files: Mapping[str, object]) -> Path:
    """A folder with these files in it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    return folder
