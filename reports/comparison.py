"""A run through the eyes of other tools, in the order of reading and in one language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from estimator.core.factors import Factors
from estimator.core.footprint import Footprint, Source
from estimator.core.inputs import Workload
from estimator.core.peers import Comparison, Reason, compare, run_of


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One thing in which a tool differs."""

    text: str
    factor: float | None


@dataclass(frozen=True, slots=True)
class PeerRow:
    """One tool beside this run."""

    id: str
    name: str
    version: str
    formula: str
    facility_energy_kwh: float | None
    total_kgco2e: float | None
    ratio: float | None  #: its emissions over those of this run
    reasons: tuple[ReasonRow, ...]  #: those with a factor, in the order in which they are exchanged
    remarks: tuple[str, ...]  #: what is to be known beside; for one that cannot say, why
    sources: tuple[tuple[str, Source], ...]


def peer_rows(
    workload: Workload,
    factors: Factors,
    footprint: Footprint,
    *,
    known_sources: Mapping[str, Source],
    translate: Callable[[str], str],
    format_number: Callable[[float], str],
) -> tuple[PeerRow, ...]:
    """
    What each tool says of a run, and why it differs, in one language.

    Parameters
    ----------
    workload : Workload
        The run as its user described it.
    factors : Factors
        Its inputs, resolved.
    footprint : Footprint
        What was computed from them.
    known_sources : mapping of str to Source
        The sources of the tools.
    translate : callable
        From an English template to the same in another language.
    format_number : callable
        From a number in a text to how it is written.

    Returns
    -------
    tuple of PeerRow
        Those that can say something first, each group in the order of the years of the tools.
    """
    own_kgco2e = footprint.result.total_kgco2e.central

    def text(reason: Reason) -> str:
        template = translate(reason.text)
        return template % _written(reason.text_params, format_number) if reason.text_params else template

    def row(one: Comparison) -> PeerRow:
        total_kgco2e = one.total_kgco2e
        return PeerRow(
            id=one.peer.id,
            name=one.peer.name,
            version=one.peer.version,
            formula=translate(one.peer.formula),
            facility_energy_kwh=one.facility_energy_kwh,
            total_kgco2e=total_kgco2e,
            ratio=total_kgco2e / own_kgco2e if total_kgco2e is not None and own_kgco2e > 0.0 else None,
            reasons=tuple(
                ReasonRow(text(reason), reason.factor) for reason in one.reasons if reason.factor is not None
            ),
            remarks=tuple(text(reason) for reason in one.reasons if reason.factor is None),
            sources=tuple((source_id, known_sources[source_id]) for source_id in one.peer.source_ids),
        )

    rows = [row(one) for one in compare(run_of(workload, factors, footprint))]
    return tuple(sorted(rows, key=lambda one: one.total_kgco2e is None))


def _written(params: Mapping[str, Any], format_number: Callable[[float], str]) -> dict[str, Any]:
    return {name: format_number(value) if isinstance(value, float | int) else value for name, value in params.items()}
