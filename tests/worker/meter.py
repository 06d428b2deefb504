"""A meter whose every reading is known: 100 W and 10 W since the machine started, as counters that outlive us."""

from collections.abc import Mapping
from typing import Final

from estimator.measure.samplers import Accelerator, Component, MeterState, Opened, Reading
from estimator.measure.window import steady_s

POWERS_W: Final = {"cpu_package:0": 100.0, "dram:0": 10.0}


class SteadyMeter:
    """Two components of constant power."""

    name = "steady"
    accelerators: tuple[Accelerator, ...] = ()
    components = tuple(Component(name=name, quality="counter", label=name) for name in POWERS_W)

    def read(self) -> Mapping[str, Reading]:
        """Counters that run with the clock."""
        now_s = steady_s()
        return {name: Reading(energy_j=power_w * now_s) for name, power_w in POWERS_W.items()}

    def close(self) -> None:
        """Nothing is held."""


def open_steady(asked: object = ()) -> Opened:
    """In place of `open_meters`."""
    meter = SteadyMeter()
    return Opened(meters=(meter,), states=(MeterState("steady", works=True, components=meter.components),))
