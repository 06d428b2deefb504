"""
CPU and memory without any sensor: a model of their draw from utilisation and the catalogue. Labelled "modelled".

A container counts what it may use: its share of the cores, at its own utilisation, and its own memory.
"""

from collections.abc import Callable, Mapping, Set
from typing import Final

from estimator.core.measured import product_range
from estimator.measure.cputime import usable_busy_s
from estimator.measure.figures import Figures, Lookup, Question, UnknownFigure
from estimator.measure.inventory import machine
from estimator.measure.samplers import Component, MeterProblem, Reading
from estimator.measure.window import steady_s
from estimator.measure.words import Words, joined
from estimator.measure.words import words as _

KINDS: Final = frozenset(("cpu_package", "dram"))
#: Draw of an idle processor over its limit, and how far the straight line from there to the limit is off. Our own
#: judgement: idle servers draw a tenth to a half of their limit, and few loads draw all of it.
IDLE_SHARE: Final = 0.3
LINE_SPREAD: Final = (0.6, 1.0, 1.4)


def core_power_w(*, limit_w: float, utilisation: float) -> float:
    r"""
    Draw of one core by its utilisation.

    Parameters
    ----------
    limit_w : float
        Limit of the processor over its cores. [W]
    utilisation : float
        Share of the time in which it was busy. [1]

    Returns
    -------
    float
        Mean draw. [W]

    Notes
    -----
    .. math:: p = p_{max} \, (i + (1 - i) \, u)
    """
    return limit_w * (IDLE_SHARE + (1.0 - IDLE_SHARE) * utilisation)


class ModelMeter:
    """
    What this machine, or this container, should draw.

    Parameters
    ----------
    kinds : set of str
        What no sensor tells: `cpu_package`, `dram` or both.
    lookup : Lookup
        What the catalogue says of the processor.
    cores_count, threads_count : float
        Physical cores and threads that may be used. [1]
    memory_gb : float
        Memory that is there for us. [GB]
    busy_s : callable
        CPU time used so far. [s]
    now_s : callable
        A clock that is never set. [s]
    note : str
        What limits us.
    """

    name = "model"
    accelerators = ()

    def __init__(
        self,
        *,
        kinds: Set[str],
        lookup: Lookup,
        cores_count: float,
        threads_count: float,
        memory_gb: float,
        busy_s: Callable[[], float],
        now_s: Callable[[], float] = steady_s,
        note: str = "",
    ) -> None:
        self._kinds = frozenset(kinds)
        self._lookup = lookup
        self._figures: Figures | None = None
        self._cores_count, self._threads_count, self._memory_gb = cores_count, threads_count, memory_gb
        self._busy_s, self._now_s = busy_s, now_s
        self._note = note
        self._last: tuple[float, float] | None = None
        self._cpu_j = self._memory_j = 0.0

    @property
    def components(self) -> tuple[Component, ...]:
        """Its parts; their ranges are known once the catalogue has answered."""
        found = self._figures
        core = found.core_power_w.range if found else (1.0, 1.0, 1.0)
        memory = found.memory_power_w_per_gb.range if found else (1.0, 1.0, 1.0)
        low, central, high = product_range(core, LINE_SPREAD)
        cores_count = round(self._cores_count, 2)
        if found and found.cpu_name:
            label = _(
                "Processor, as %(processor)s of %(cores_count)s cores",
                processor=found.cpu_name,
                cores_count=cores_count,
            )
        else:
            label = _("Processor, as a usual processor of %(cores_count)s cores", cores_count=cores_count)
        cpu = Component(
            name="cpu_package",
            quality="modelled",
            label=label,
            limit_w=core[1] * self._cores_count if found else None,
            low=low / central,
            high=high / central,
            note=self._note,
        )
        dram = Component(
            name="dram",
            quality="modelled",
            label=_("Memory, %(memory_gb)s GB", memory_gb=round(self._memory_gb, 1)),
            low=memory[0] / memory[1],
            high=memory[2] / memory[1],
            note=self._note,
        )
        return tuple(part for part in (cpu, dram) if part.kind in self._kinds)

    def read(self) -> Mapping[str, Reading]:
        """Energy so far, by what was used since the last time."""
        now_s, busy_s = self._now_s(), self._busy_s()
        if self._last is not None:
            self._add(span_s=now_s - self._last[0], used_s=busy_s - self._last[1])
        self._last = now_s, busy_s
        energies_j = {"cpu_package": self._cpu_j, "dram": self._memory_j}
        return {name: Reading(energy_j=energy_j) for name, energy_j in energies_j.items() if name in self._kinds}

    def close(self) -> None:
        """Ask no longer."""
        self._lookup.drop()

    def _add(self, *, span_s: float, used_s: float) -> None:
        if span_s <= 0.0:
            return
        if self._figures is None:
            try:
                self._figures = self._lookup.result()
            except UnknownFigure as problem:
                raise MeterProblem(str(problem)) from problem
        utilisation = min(max(used_s / (span_s * self._threads_count), 0.0), 1.0)
        limit_w = self._figures.core_power_w.central
        self._cpu_j += self._cores_count * core_power_w(limit_w=limit_w, utilisation=utilisation) * span_s
        self._memory_j += self._figures.memory_power_w_per_gb.central * self._memory_gb * span_s


def open_meter(kinds: Set[str] = KINDS) -> ModelMeter:
    """Model what no sensor tells of this machine."""
    host, cpu, memory_gb, memory_limit_gb = machine()
    notes: list[Words] = []
    if cpu.usable_cores < cpu.threads_count:
        notes.append(
            _(
                "Of %(threads_count)s threads %(usable_count)s may be used, and only they are counted.",
                threads_count=cpu.threads_count,
                usable_count=round(cpu.usable_cores, 2),
            )
        )
    if host.virtual:
        notes.append(_("This is a virtual machine: what its host spends on it besides is not seen."))
    return ModelMeter(
        kinds=kinds,
        lookup=Lookup(Question(cpu=cpu.model)),
        cores_count=cpu.usable_cores * cpu.cores_count / cpu.threads_count,
        threads_count=cpu.usable_cores,
        memory_gb=memory_limit_gb or memory_gb,
        busy_s=usable_busy_s(),
        note=joined(notes),
    )
