"""`./wattprint worker --doctor`: what can be measured on this machine, how well, and what would make it better."""

import argparse
import json
import sys
import textwrap
import time
from collections.abc import Sequence
from typing import Any, Final

from estimator.measure.inventory import Inventory, inventory
from estimator.measure.meters import NAMES, open_meters
from estimator.measure.samplers import Component, Opened, Quality

#: Counters that do not move within this time stand still; the slowest sensor that we know is renewed each second. [s]
TRIAL_S: Final = 1.2

QUALITIES: Final[dict[Quality, str]] = {
    "counter": "an energy counter: nothing between two readings is missed",
    "sampled": "power, read often and added up: short peaks may be missed",
    "modelled": "no sensor: computed from how busy it is and what its kind draws",
}
WIDTH: Final = 100


def trial(opened: Opened, trial_s: float) -> dict[str, float | None]:
    """Mean power of each component over a moment; None where it could not be read twice."""
    from estimator.measure.window import Window

    window = Window(opened.meters, interval_s=max(trial_s, 0.1))
    window.start()
    time.sleep(trial_s)
    sample = window.sample()
    return {
        part.name: sample.components[part.name].power_w if part.name in sample.components else None
        for part in opened.components
    }


def findings(found: Inventory, powers_w: dict[str, float | None]) -> list[str]:
    """What to do to measure better, most useful first."""
    told: list[str] = []
    cpu_measured = any(part.kind == "cpu_package" and part.quality != "modelled" for part in _components(found))
    for name, power_w in powers_w.items():
        if power_w is None:
            told.append(f"{name} could be opened and not be read twice. Try again; if it stays so, leave it out.")
        elif power_w == 0.0:
            told.append(f"The counter of {name} stands still. A hypervisor may show it without filling it in.")
    if not cpu_measured:
        if found.host.virtual:
            told.append(
                "This is a virtual machine, and its hypervisor hides the counters of the processor. Measure on the "
                "host, take a bare-metal instance, or ask for RAPL to be passed on. Until then the CPU is modelled."
            )
        else:
            told.extend(state.remedy for state in found.meters if state.name == "rapl" and state.remedy)
    told.extend(
        f"For the whole machine beside the sum of its parts: {state.remedy}"
        for state in found.meters
        if state.name == "ipmi" and state.remedy
    )
    for card in found.accelerators:
        if card.note:
            told.append(f"{card.name} ({card.component}): {card.note}")
        if not card.has_counter:
            told.append(f"{card.name} ({card.component}) has no energy counter: measure at an interval of 1 s or less.")
    if not found.accelerators:
        told.extend(
            f"If this machine has cards of {vendor}: {state.remedy}"
            for state in found.meters
            for vendor in {"nvml": ("NVIDIA",), "amd": ("AMD",)}.get(state.name, ())
            if state.remedy
        )
    if found.host.container:
        told.append(
            f"We run in a container ({found.host.container}). Sensors tell the whole machine, the model only what the "
            "container may use, and the share of a process can only be told among the processes that we see."
        )
    return told


def report(found: Inventory, powers_w: dict[str, float | None]) -> str:
    """The text for a terminal."""
    host, cpu = found.host, found.cpu
    where = [part for part in ("virtual machine" if host.virtual else "", host.container and "container") if part]
    limit = "" if cpu.usable_cores == cpu.threads_count else f", of which we may use {cpu.usable_cores:g}"
    memory = f"{found.memory_gb:.1f} GB" + (
        f", of which we may use {found.memory_limit_gb:.1f} GB" if found.memory_limit_gb else ""
    )
    lines = [
        "This machine",
        _row("host", f"{host.name}, {host.system}, {host.machine}" + (f" ({', '.join(where)})" if where else "")),
        _row("processor", f"{cpu.model}: {cpu.sockets_count} × socket, {cpu.cores_count} cores"),
        _row("threads", f"{cpu.threads_count}{limit}"),
        _row("memory", memory),
    ]
    for card in found.accelerators:
        told = [
            f"{card.memory_gb:.0f} GB" if card.memory_gb else "",
            f"limit {card.limit_w:.0f} W" if card.limit_w else "",
        ]
        lines.append(_row("accelerator", ", ".join([card.name, *filter(None, told)])))
    lines += ["", "What can be measured"]
    for part in _components(found):
        power_w = powers_w.get(part.name)
        now = f"{power_w:8.1f} W now" if power_w is not None else "  not read"
        spread = f"{part.low * 100 - 100:+.0f} % to {part.high * 100 - 100:+.0f} %"
        lines.append(f"  {part.name:15} {part.quality:9} {now}   {spread:18} {part.label}".rstrip())
    lines += [f"  {quality}: {told}" for quality, told in QUALITIES.items() if quality in _qualities(found)]
    lines += ["", "What does not work here, and why"]
    lines += [_row(NAMES.get(state.name, state.name), state.reason, 28) for state in found.meters if not state.works]
    if advice := findings(found, powers_w):
        lines += ["", "What would make it better"]
        lines += [
            textwrap.fill(told, WIDTH, initial_indent=f"  {number}. ", subsequent_indent="     ")
            for number, told in enumerate(advice, 1)
        ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine this machine."""
    parser = argparse.ArgumentParser(
        prog="wattprint worker --doctor", description="What can be measured on this machine, without any server."
    )
    parser.add_argument("--doctor", action="store_true", help="examine this machine, and do nothing else")
    parser.add_argument("--json", action="store_true", help="the same as JSON")
    told = parser.parse_args(arguments)
    opened = open_meters()
    try:
        powers_w = trial(opened, TRIAL_S)
        found = inventory(opened)
    finally:
        opened.close()
    sys.stdout.write((json.dumps(as_json(found, powers_w), indent=2) if told.json else report(found, powers_w)) + "\n")
    return 0


def as_json(found: Inventory, powers_w: dict[str, float | None]) -> dict[str, Any]:
    """The report as plain data."""
    return {"inventory": found.as_json(), "mean_power_w": powers_w, "advice": findings(found, powers_w)}


def _row(name: str, told: str, width: int = 14) -> str:
    first = f"  {name:{width}} "
    return textwrap.fill(told, WIDTH, initial_indent=first, subsequent_indent=" " * len(first))


def _components(found: Inventory) -> list[Component]:
    return [part for state in found.meters for part in state.components]


def _qualities(found: Inventory) -> set[Quality]:
    return {part.quality for part in _components(found)}


if __name__ == "__main__":
    sys.exit(main())
