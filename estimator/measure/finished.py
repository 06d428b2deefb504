"""A finished measurement: energy by component, the share of what was measured, and CO₂e, as JSON and as a text."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from estimator.core import ENGINE_VERSION
from estimator.core.measured import emitted_kgco2e
from estimator.core.units import J_PER_KWH
from estimator.measure.figures import Figures, Lookup, Question, UnknownFigure
from estimator.measure.process import Attributed
from estimator.measure.totals import Total, machine_total

#: 5th percentile, central value, 95th percentile.
Triple = tuple[float, float, float]

NOTHING: Final = "Nothing was measured: no meter could be read."
_FLAGS: Final = {
    "gap": "There were gaps in the readings; counters bridge them, sampled powers are taken to change evenly.",
    "wrapped": "A counter passed its end, which was counted.",
    "reset": "A counter began anew, so a moment of it is missing or was filled by its power.",
    "frozen": "A counter stopped moving; from there on its power was integrated where there is one.",
    "clock_jump": "The clock of the machine was set meanwhile; durations are those of a clock that cannot be.",
}


@dataclass(frozen=True, slots=True)
class Carbon:
    """Emissions, with what they were computed from."""

    kgco2e: Triple
    attributed_kgco2e: Triple | None
    pue: float | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class Finished:
    """Everything that is known at the end."""

    client_id: str  #: makes sending it twice harmless
    title: str
    command_name: str
    started_at_s: float
    duration_s: float
    interval_s: float
    inventory: Mapping[str, Any]
    totals: tuple[Total, ...]
    attributed: tuple[Attributed, ...]
    samples: Sequence[Sequence[object]]
    flags: tuple[str, ...]
    question: Question  #: where it ran
    pue: float | None = None
    exit_code: int | None = None
    carbon: Carbon | None = None
    carbon_problem: str = ""  #: why there is none
    missed: tuple[str, ...] = ()  #: what is there and was not measured, and why

    def __str__(self) -> str:
        return text(self)

    @property
    def energy_j(self) -> Triple:
        """Of the whole machine, with its range."""
        return machine_total(self.totals)

    @property
    def attributed_j(self) -> Triple:
        """What of it falls to the command, with its range."""
        return machine_total(self.totals, {part.name: part.share for part in self.attributed})

    def body(self) -> dict[str, Any]:
        """What is sent to a server; described in `outbox`."""
        return {
            "kind": "finished",
            "client_id": self.client_id,
            "title": self.title,
            "started_at_s": self.started_at_s,
            "duration_s": self.duration_s,
            "interval_s": self.interval_s,
            "inventory": dict(self.inventory),
            "components": [total.row() for total in self.totals],
            "samples": list(self.samples),
            "command_name": self.command_name,
            "attributed": [part.row() for part in self.attributed],
            "flags": list(self.flags),
            "exit_code": self.exit_code,
            # What was asked, and no emissions: the server computes them by its own tables.
            "location": dict(self.carbon.figures.location) if self.carbon is not None else {},
            "grid_intensity_gco2e_per_kwh": self.question.grid_intensity_gco2e_per_kwh,
            "pue": self.pue,
        }

    def as_json(self) -> dict[str, Any]:
        """What is written to a file: what is sent, and what was made of it."""
        told = self.body() | {
            "wattprint_version": ENGINE_VERSION,
            "components": [
                total.row() | {"low_energy_j": total.low_j, "high_energy_j": total.high_j, "flags": list(total.flags)}
                for total in self.totals
            ],
            "machine_energy_j": _named(self.energy_j) if self.totals else None,
            "attributed_energy_j": _named(self.attributed_j) if self.totals else None,
            "machine_kgco2e": None,
            "attributed_kgco2e": None,
        }
        if self.carbon is not None:
            told |= {
                "machine_kgco2e": _named(self.carbon.kgco2e),
                "attributed_kgco2e": _named(self.carbon.attributed_kgco2e) if self.carbon.attributed_kgco2e else None,
                "place": self.carbon.figures.place,
                "grid_intensity": asdict(self.carbon.figures.grid_intensity_gco2e_per_kwh),
                "dataset_version": self.carbon.figures.dataset_version,
            }
        return told


def carbon(
    energy_j: Triple, attributed_j: Triple | None, *, lookup: Lookup, pue: float | None
) -> tuple[Carbon | None, str]:
    """
    Emissions of the energy that was measured.

    Parameters
    ----------
    energy_j, attributed_j : tuple of float
        Energy with its range: of the machine, and of what falls to a command. [J]
    lookup : Lookup
        Where it ran, or the intensity itself.
    pue : float or None
        Facility energy over IT energy; None, where it was not given, adds nothing. [1]

    Returns
    -------
    Carbon or None, str
        The emissions, or why there are none.
    """
    try:
        found = lookup.result()
    except UnknownFigure as problem:
        return None, str(problem)

    def emitted(joules: Triple) -> Triple:
        low, central, high = (part / J_PER_KWH for part in joules)
        return emitted_kgco2e(
            energy_kwh=(low, central, high),
            grid_intensity_gco2e_per_kwh=found.grid_intensity_gco2e_per_kwh.range,
            pue=pue,
        )

    return Carbon(emitted(energy_j), emitted(attributed_j) if attributed_j else None, pue, found), ""


def text(finished: Finished) -> str:
    """What a person reads in a terminal."""
    shares = {part.name: part for part in finished.attributed}
    lines = ["", f"Wattprint measured {finished.command_name} for {duration(finished.duration_s)}"]
    if finished.totals:
        lines += ["", f"  {'component':44} {'quality':9} {'energy':>11} {'mean power':>11}  of the command"]
    for total in finished.totals:
        share = shares.get(total.component.name)
        of_command = f"{share.share * 100:.0f} %, {share.basis}" if share else ""
        label = total.component.label or total.component.name
        name = label if total.component.counted else f"{label} (beside)"
        drawn = f"{total.quality:9} {energy(total.energy_j):>11} {total.mean_power_w:>9.1f} W"
        lines.append(f"  {name[:44]:44} {drawn}  {of_command}".rstrip())
    if finished.totals:
        lines += ["", f"  {'The whole machine':28} {spread(finished.energy_j, energy)}"]
    if finished.attributed:
        lines.append(f"  {'The command, by attribution':28} {spread(finished.attributed_j, energy)}")
    lines += _carbon_lines(finished)
    notes = [f"Not measured: {missed}" for missed in finished.missed]
    notes += [_FLAGS[flag] for flag in finished.flags]
    notes += dict.fromkeys(total.component.note for total in finished.totals if total.component.note)
    if any(total.quality == "modelled" for total in finished.totals):
        notes.append("What is modelled was not measured. ./wattprint worker --doctor says what would measure it.")
    lines += ["", *(f"  {note}" for note in notes)] if notes else []
    return "\n".join(lines)


def _carbon_lines(finished: Finished) -> list[str]:
    if finished.carbon is None:
        return ["", f"  No CO₂e: {finished.carbon_problem}" if finished.totals else f"  {NOTHING}"]
    told = finished.carbon
    grid = told.figures.grid_intensity_gco2e_per_kwh
    lines = ["", f"  {'CO₂e of the machine':28} {spread(told.kgco2e, mass)}"]
    if told.attributed_kgco2e is not None:
        lines.append(f"  {'CO₂e of the command':28} {spread(told.attributed_kgco2e, mass)}")
    where = f" ({told.figures.place})" if told.figures.place else ""
    lines.append(f"  at {grid.central:g} gCO₂e/kWh{where}, {grid.low:.4g} to {grid.high:.4g}. {grid.note}".rstrip())
    lines += [f"    Source: {source}" for source in grid.sources[:2]]
    if grid.match == "world":
        lines.append("  The place is not known: give --country, or --grid-intensity.")
    overhead = (
        f"The CO₂e is with the PUE of {told.pue:g} that was given; energies are before it."
        if told.pue
        else "Without cooling and other losses of the building: no PUE was given. --pue adds them to the CO₂e."
    )
    return [*lines, f"  {overhead}"]


def _named(triple: Triple) -> dict[str, float]:
    return dict(zip(("low", "central", "high"), triple, strict=True))


def spread(triple: Triple, write: Any) -> str:
    """A central value with its range."""
    low, central, high = (write(part) for part in triple)
    return f"{central} ({low} to {high})"


def energy(joules: float) -> str:
    """Joules while they are few, then watt-hours and kilowatt-hours."""
    if joules < 3_600.0:
        return f"{joules:.4g} J"
    return f"{joules / 3_600.0:.4g} Wh" if joules < 3_600_000.0 else f"{joules / 3_600_000.0:.4g} kWh"


def mass(kilograms: float) -> str:
    """Milligrams, grams or kilograms."""
    if kilograms < 1e-3:
        return f"{kilograms * 1e6:.4g} mg"
    return f"{kilograms * 1e3:.4g} g" if kilograms < 1.0 else f"{kilograms:.4g} kg"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours."""
    if seconds < 120.0:
        return f"{seconds:.1f} s"
    return f"{seconds / 60.0:.1f} min" if seconds < 7_200.0 else f"{seconds / 3_600.0:.2f} h"
