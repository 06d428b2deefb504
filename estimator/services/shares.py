"""What of a measured machine falls to one process: for a live measurement as for a command's."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from estimator.measure.process import basis_of
from estimator.models import Measurement, Target
from estimator.reference import catalogue
from estimator.reference.assume import ENERGY_SPREADS
from estimator.worker.protocol import PROCESS


@dataclass(frozen=True, slots=True)
class Share:
    """One component's energy that falls to the process: an attribution, not a measurement."""

    name: str  #: of the machine's component
    energy_j: float
    share: float  #: of what the component drew in all
    basis: str


@dataclass(frozen=True, slots=True)
class Shares:
    """All components together, each with its range."""

    parts: tuple[Share, ...]
    low_j: float
    energy_j: float
    high_j: float
    machine_j: float  #: of the machine as a whole

    @property
    def share(self) -> float:
        """Of the whole machine."""
        return self.energy_j / self.machine_j if self.machine_j else 0.0


def shares_of(row: Measurement) -> Shares | None:
    """
    What of the machine falls to the process that a measurement followed.

    The energy of a share stands beside that of its component, under a name of its own; a worker sends it with each
    sample, a command's measurement in all.

    Parameters
    ----------
    row : Measurement
        Live, or of a command.

    Returns
    -------
    Shares or None
        None where nothing was attributed.
    """
    parts = tuple(_parts(row))
    if not parts:
        return None
    energies_j = {part.name: part.energy_j for part in parts}
    low_j = energy_j = high_j = machine_j = 0.0
    for part in machine_parts(row):
        own_j, (low, high) = energies_j.get(part["name"], 0.0), ratios_of(part)
        low_j, high_j = low_j + own_j * low, high_j + own_j * high
        energy_j += own_j
        machine_j += row.energies_j.get(part["name"], 0.0)
    return Shares(parts, low_j, energy_j, high_j, machine_j)


def machine_parts(row: Measurement) -> list[dict[str, Any]]:
    """The components that the energy of the machine is the sum of."""
    of_machine = row.target == Target.MACHINE
    beside = not_counted(row.inventory)
    # Of a process that is followed live its share alone counts; what the machine is made of, its inventory tells.
    return [
        part
        for part in row.components
        if not part["name"].startswith(PROCESS)
        and (part.get("counted", True) if of_machine else part["name"] not in beside)
    ]


def ratios_of(part: Mapping[str, Any]) -> tuple[float, float]:
    """5th and 95th percentile of a component's true energy over the one told, by its meter, else as is usual."""
    low, high = float(part.get("low", 1.0)), float(part.get("high", 1.0))
    if (low, high) != (1.0, 1.0):
        return low, high
    usual = catalogue.shelf().defaults[ENERGY_SPREADS.get(str(part.get("quality")), "spread_given_power")]
    return usual.low, usual.high


def _parts(row: Measurement) -> Iterator[Share]:
    for part in row.components:
        own_j = row.energies_j.get(PROCESS + part["name"])
        basis = part.get("basis") or basis_of(part["name"].partition(":")[0])
        if own_j is not None and basis:
            whole_j = row.energies_j.get(part["name"], 0.0)
            yield Share(part["name"], own_j, min(own_j / whole_j, 1.0) if whole_j else 0.0, basis)


def not_counted(inventory: Mapping[str, Any]) -> frozenset[str]:
    """Components that stand beside the sum, because others hold their energy, as an inventory tells it."""
    meters = inventory.get("meters")
    found = [
        part
        for state in (meters if isinstance(meters, list) else [])
        if isinstance(state, dict) and isinstance(state.get("components"), list)
        for part in state["components"]
    ]
    return frozenset(
        part["name"]
        for part in found
        if isinstance(part, dict) and isinstance(part.get("name"), str) and not part.get("counted", True)
    )
