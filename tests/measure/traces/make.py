"""
Makes the traces of this folder: synthetic, each with the energy that its powers have by calculus.

They imitate what the interfaces show: RAPL counts in steps of 61 microjoules up to its range and begins anew, NVML
counts millijoules and tells milliwatts that change ten times a second. Nothing here was recorded on a real card.
Run `python -m tests.measure.traces.make` to write them again; the same bytes come out.
"""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
DURATION_S: Final = 120
STEPS_A_SECOND: Final = 10
EPOCH_S: Final = 1_764_000_000.0
#: Ranges as kernels show them in max_energy_range_uj. [J]
PACKAGE_RANGE_J: Final = 262_143.328_850
DRAM_RANGE_J: Final = 65_712.999_613
RAPL_STEP_J: Final = 61e-6

Curve = Callable[[float], float]
Row = Mapping[str, float | None]


def wave(mean_w: float, swing_w: float, period_s: float) -> tuple[Curve, Curve]:
    """A power that swings around its mean, and its energy since the start by calculus."""
    turn = 2 * math.pi / period_s

    def power_w(at_s: float) -> float:
        return mean_w + swing_w * math.sin(turn * at_s)

    def energy_j(at_s: float) -> float:
        return mean_w * at_s + swing_w / turn * (1.0 - math.cos(turn * at_s))

    return power_w, energy_j


def steps_of(value: float, step: float) -> float:
    """What an interface shows that counts in whole steps."""
    return math.floor(value / step) * step


def rapl_j(counted_j: float, range_j: float) -> float:
    """What RAPL shows: whole steps, up to the end of its range and from zero again."""
    return steps_of(counted_j % range_j, RAPL_STEP_J)


def write(
    name: str,
    what: str,
    components: list[dict[str, Any]],
    row: Callable[[float], Row],
    *,
    epoch_s: Curve = lambda at_s: EPOCH_S + at_s,
) -> None:
    """One file."""
    lines = [f"# made: synthetic, by make.py. {what}"]
    lines += [f"# component: {json.dumps(component)}" for component in components]
    columns = list(row(0.0))
    lines.append(",".join(["steady_s", "epoch_s", *columns]))
    for step in range(DURATION_S * STEPS_A_SECOND + 1):
        at_s = step / STEPS_A_SECOND
        cells = ["" if told is None else f"{told:.6f}" for told in row(at_s).values()]
        lines.append(",".join([f"{1000.0 + at_s:.1f}", f"{epoch_s(at_s):.1f}", *cells]))
    (FOLDER / f"{name}.csv").write_text("\n".join(lines) + "\n")


def rapl() -> None:
    _, package_j = wave(180.0, 60.0, 17.0)
    _, dram_j = wave(22.0, 6.0, 11.0)
    write(
        "rapl-wrap",
        "Two counters that pass the end of their range: the package after about 30 s, the memory after about 60 s.",
        [
            {
                "name": "cpu_package:0", "quality": "counter", "limit_w": 280.0, "wraps_at_j": PACKAGE_RANGE_J,
                "expected_j": package_j(DURATION_S),
            },
            {
                "name": "dram:0", "quality": "counter", "wraps_at_j": DRAM_RANGE_J, "expected_j": dram_j(DURATION_S),
            },
        ],
        lambda at_s: {
            "cpu_package:0.energy_j": rapl_j(PACKAGE_RANGE_J - 5_400.0 + package_j(at_s), PACKAGE_RANGE_J),
            "dram:0.energy_j": rapl_j(DRAM_RANGE_J - 1_320.0 + dram_j(at_s), DRAM_RANGE_J),
        },
    )  # fmt: skip


def nvml() -> None:
    power_w, energy_j = wave(420.0, 230.0, 23.0)
    base_j = 9_876_543.21
    card = {"name": "accelerator:0", "limit_w": 700.0, "expected_j": energy_j(DURATION_S)}
    write(
        "nvml-counter",
        "A card with a counter of energy.",
        [card | {"quality": "counter", "update_period_s": 0.1}],
        lambda at_s: {
            "accelerator:0.energy_j": steps_of(base_j + energy_j(at_s), 1e-3),
            "accelerator:0.power_w": steps_of(power_w(at_s), 1e-3),
        },
    )
    write(
        "nvml-power",
        "A card without a counter. It names no period, so that its power is read once a second.",
        [card | {"quality": "sampled"}],
        lambda at_s: {"accelerator:0.power_w": steps_of(power_w(at_s), 1e-3)},
    )
    write(
        "nvml-power-often",
        "The same card, with a sensor that is renewed ten times a second.",
        [card | {"quality": "sampled", "update_period_s": 0.1}],
        lambda at_s: {"accelerator:0.power_w": steps_of(power_w(at_s), 1e-3)},
    )
    write(
        "frozen-counter",
        "The counter of a card stops at 40 s and never moves again; its power goes on.",
        [card | {"quality": "counter", "update_period_s": 0.1}],
        lambda at_s: {
            "accelerator:0.energy_j": steps_of(base_j + energy_j(min(at_s, 40.0)), 1e-3),
            "accelerator:0.power_w": steps_of(power_w(at_s), 1e-3),
        },
    )
    write(
        "slow-counter",
        "The counter of a card is renewed only every 2.5 s: it rests at most samples and is not frozen.",
        [card | {"quality": "counter", "update_period_s": 2.5}],
        lambda at_s: {
            "accelerator:0.energy_j": steps_of(base_j + energy_j(2.5 * math.floor(at_s / 2.5 + 1e-9)), 1e-3),
            "accelerator:0.power_w": steps_of(power_w(at_s), 1e-3),
        },
    )
    write(
        "clock-jump",
        "The wall clock is set back by an hour at 30 s and forward by two at 75 s.",
        [card | {"quality": "counter", "update_period_s": 0.1}],
        lambda at_s: {"accelerator:0.energy_j": steps_of(base_j + energy_j(at_s), 1e-3)},
        epoch_s=lambda at_s: EPOCH_S + at_s - (3_600.0 if at_s >= 30.0 else 0.0) + (7_200.0 if at_s >= 75.0 else 0.0),
    )


def gaps() -> None:
    _, package_j = wave(95.0, 30.0, 13.0)

    def ramp_w(at_s: float) -> float:
        return 150.0 + at_s

    def read(at_s: float, told: float) -> float | None:
        return None if 40.0 <= at_s < 55.0 or 90.0 <= at_s < 93.0 else told

    write(
        "gaps",
        "Nothing could be read from 40 to 55 s and from 90 to 93 s.",
        [
            {"name": "cpu_package:0", "quality": "counter", "expected_j": package_j(DURATION_S)},
            {
                "name": "accelerator:0", "quality": "sampled",
                "expected_j": 150.0 * DURATION_S + 0.5 * DURATION_S**2,
            },
        ],
        lambda at_s: {
            "cpu_package:0.energy_j": read(at_s, package_j(at_s)),
            "accelerator:0.power_w": read(at_s, ramp_w(at_s)),
        },
    )  # fmt: skip


if __name__ == "__main__":
    rapl()
    nvml()
    gaps()
