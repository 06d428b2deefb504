"""
What of the machine's energy belongs to one process with its children. An attribution, not a measurement.

Processor and memory are shared out by CPU time, a card by the work that the driver saw each process do on it. So what
an idle machine draws falls to whoever kept it awake.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, runtime_checkable

from estimator.measure.cputime import Tree, machine_busy_s, usable_busy_s
from estimator.measure.samplers import Meter, Sample

Basis = Literal["share of the CPU time", "share of the work on the card"]
BY_CPU_TIME: Final[Basis] = "share of the CPU time"
BY_CARD: Final[Basis] = "share of the work on the card"


def basis_of(kind: str) -> Basis | None:
    """By what a kind of component is shared out; None where it is not."""
    return BY_CPU_TIME if kind in {"cpu_package", "dram"} else BY_CARD if kind == "accelerator" else None


@runtime_checkable
class KnowsProcesses(Protocol):
    """A meter whose driver tells which process used which card."""

    def shares(self) -> Mapping[str, Mapping[int, float]]:
        """Share of each card's work by process since the last call."""


@dataclass(frozen=True, slots=True)
class Attributed:
    """One component's energy that falls to the process."""

    name: str
    energy_j: float
    share: float  #: of what the component drew in all
    basis: Basis

    def row(self) -> dict[str, object]:
        """As it is written and sent."""
        return {"name": self.name, "energy_j": self.energy_j, "share": self.share, "basis": self.basis}


class Attribution:
    """
    Shares that are taken with each sample.

    Parameters
    ----------
    meters : sequence of Meter
        What is measured.
    busy_s : callable, optional
        CPU time that everybody has used; by default that of the machine, or of the container that is modelled. [s]
    """

    def __init__(self, meters: Sequence[Meter], *, busy_s: Callable[[], float] | None = None) -> None:
        self._tree: Tree | None = None
        self._meters = tuple(meter for meter in meters if isinstance(meter, KnowsProcesses))
        modelled = any(
            part.kind == "cpu_package" and part.quality == "modelled" for meter in meters for part in meter.components
        )
        # A model is of the cores that we may use; a sensor is of the whole machine.
        self._busy_s = busy_s or (usable_busy_s() if modelled else machine_busy_s)
        self._last_s = (0.0, self._busy_s())
        for meter in self._meters:
            meter.shares()
        self._energy_j: dict[str, float] = {}
        self._whole_j: dict[str, float] = {}
        self._basis: dict[str, Basis] = {}
        self.cpu_s = 0.0  #: CPU time of the process since the start

    def follow(self, pid: int, *, is_new: bool) -> None:
        """Say whose share it is; what a process had used before, unless it is new, does not count."""
        self._tree = Tree(pid)
        if not is_new:
            self._last_s = (self._tree.cpu_s(), self._last_s[1])

    def add(self, sample: Sample) -> None:
        """Share out one sample."""
        if self._tree is None:
            return
        now_s = (self._tree.cpu_s(), self._busy_s())
        tree_s, busy_s = now_s[0] - self._last_s[0], now_s[1] - self._last_s[1]
        self._last_s = now_s
        self.cpu_s += tree_s
        # A tick of the kernel's clock more in one count than in the other is no more than all.
        of_cpu = min(tree_s / busy_s, 1.0) if busy_s > 0.0 else 0.0
        of_cards = {name: self._ours(told) for meter in self._meters for name, told in meter.shares().items()}
        for name, measure in sample.components.items():
            if basis_of(name.partition(":")[0]) == BY_CPU_TIME:
                self._count(name, measure.energy_j, of_cpu, BY_CPU_TIME)
            elif name in of_cards:
                self._count(name, measure.energy_j, of_cards[name], BY_CARD)

    def rows(self) -> tuple[Attributed, ...]:
        """What falls to the process, by component."""
        return tuple(
            Attributed(
                name=name,
                energy_j=energy_j,
                share=energy_j / self._whole_j[name] if self._whole_j[name] else 0.0,
                basis=self._basis[name],
            )
            for name, energy_j in self._energy_j.items()
        )

    def _ours(self, told: Mapping[int, float]) -> float:
        ours = self._tree.pids if self._tree is not None else frozenset[int]()
        return min(sum(share for pid, share in told.items() if pid in ours), 1.0)

    def _count(self, name: str, energy_j: float, share: float, basis: Basis) -> None:
        self._energy_j[name] = self._energy_j.get(name, 0.0) + share * energy_j
        self._whole_j[name] = self._whole_j.get(name, 0.0) + energy_j
        self._basis[name] = basis
