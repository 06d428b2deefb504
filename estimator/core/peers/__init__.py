"""
Other tools' eyes: the same run through the formulas of the tools of the field, and in words why they differ.

Each tool fills in the same six parts (`run.Parts`). Between this run's own parts and the tool's, one part after the
other is exchanged; by how much the emissions change at each exchange is the factor of its reason, so that all factors
multiplied are the whole difference.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from estimator.core.peers import (
    codecarbon,
    ecologits,
    green_algorithms_2021,
    lacoste_2019,
    llmcarbon_2024,
    strubell_2019,
)
from estimator.core.peers.reasons import CANNOT_SAY, FORMULAS, REASONS
from estimator.core.peers.run import COMPONENTS, Answer, CannotSay, Parts, Run, run_of

__all__ = [
    "PEERS",
    "Comparison",
    "Parts",
    "Peer",
    "Reason",
    "Run",
    "compare",
    "compare_with",
    "run_of",
]

#: Two parts that differ by less are the same.
SAME: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Peer:
    """A tool of the field."""

    id: str
    name: str
    version: str  #: of the paper or the package that was checked against
    formula: str  #: English template
    source_ids: tuple[str, ...]
    answer: Callable[[Run], Answer | CannotSay]


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing in which a tool differs."""

    code: str
    text: str  #: English template with named places
    text_params: dict[str, Any]
    factor: float | None = None  #: by how much it changes the emissions; None where it is said beside


@dataclass(frozen=True, slots=True)
class Comparison:
    """One tool's answer for a run, beside this run's own."""

    peer: Peer
    parts: Parts | None  #: None: it cannot say
    reasons: tuple[Reason, ...]

    @property
    def facility_energy_kwh(self) -> float | None:
        """Energy as the tool has it, in kWh."""
        return self.parts.facility_energy_kwh if self.parts is not None else None

    @property
    def total_kgco2e(self) -> float | None:
        """Emissions as the tool has them, in kgCO2e."""
        return self.parts.total_kgco2e if self.parts is not None else None


PEERS: Final = (
    Peer("strubell", "Strubell et al.", "2019", FORMULAS["strubell"], ("strubell-2019",), strubell_2019.answer),
    Peer("lacoste", "ML CO2 Impact", "2019", FORMULAS["lacoste"], ("lacoste-2019",), lacoste_2019.answer),
    Peer(
        "green_algorithms",
        "Green Algorithms",
        "2021",
        FORMULAS["green_algorithms"],
        ("green-algorithms-2021",),
        green_algorithms_2021.answer,
    ),
    Peer("llmcarbon", "LLMCarbon", "2024", FORMULAS["llmcarbon"], ("faiz-2024",), llmcarbon_2024.answer),
    Peer(
        "codecarbon",
        "CodeCarbon",
        codecarbon.VERSION,
        FORMULAS["codecarbon"],
        ("codecarbon-3-3-2",),
        codecarbon.answer,
    ),
    Peer(
        "ecologits",
        "EcoLogits",
        ecologits.VERSION,
        FORMULAS["ecologits"],
        ("ecologits-0-11-3",),
        ecologits.answer,
    ),
)


def compare(run: Run) -> tuple[Comparison, ...]:
    """
    What each tool says of a run, and why it differs.

    Parameters
    ----------
    run : Run
        The run, from `run_of` or by hand.

    Returns
    -------
    tuple of Comparison
        One a tool, in the order of `PEERS`; also those that cannot say anything, with the reason.
    """
    return tuple(compare_with(peer, run) for peer in PEERS)


def compare_with(peer: Peer, run: Run) -> Comparison:
    """What one tool says of a run, and why it differs."""
    answer = peer.answer(run)
    if isinstance(answer, CannotSay):
        return Comparison(peer=peer, parts=None, reasons=(Reason(answer.code, CANNOT_SAY[answer.code], {}),))
    params = {
        "pue": run.own.pue,
        "intensity": run.own.grid_intensity_gco2e_per_kwh,
        "multiplier": run.own.multiplier,
        "draw_w": (1000.0 * run.own.accelerator_energy_kwh / run.accelerator_hours if run.accelerator_hours else None),
        **answer.params,
    }
    reasons = []
    before = run.own
    for component in COMPONENTS:
        after = _exchanged(before, answer.parts, component)
        if not _is_same(before, after, component):
            code = answer.because[component]
            factor = after.total_kgco2e / before.total_kgco2e if before.total_kgco2e > 0.0 else None
            reasons.append(Reason(code, REASONS[code], params, factor))
        before = after
    reasons += [Reason(code, REASONS[code], params) for code in answer.also]
    return Comparison(peer=peer, parts=answer.parts, reasons=tuple(reasons))


_FIELDS: Final = {
    "multiplier": "multiplier",
    "accelerator": "accelerator_energy_kwh",
    "host": "host_energy_kwh",
    "pue": "pue",
    "grid": "grid_intensity_gco2e_per_kwh",
    "embodied": "embodied_kgco2e",
}


def _exchanged(before: Parts, other: Parts, component: str) -> Parts:
    field = _FIELDS[component]
    return replace(before, **{field: getattr(other, field)})


def _is_same(one: Parts, other: Parts, component: str) -> bool:
    field = _FIELDS[component]
    first, second = getattr(one, field), getattr(other, field)
    return bool(abs(first - second) <= SAME * max(abs(first), abs(second)))
