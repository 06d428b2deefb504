"""
Advice on one run: of many settings of levers, each tried alone, those few that would save most.

All are screened by their central values; those that are told are then computed with the draws of the run, so that each
comes with its range. Nothing is promised: where no setting saves enough the advice says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from estimator.core import ENGINE_VERSION
from estimator.core.estimate import computed
from estimator.core.factors import Factors, LeverCase
from estimator.core.footprint import LeverSaving, Range, Result, Source
from estimator.core.inputs import Workload
from estimator.core.levers.savings import lever_savings
from estimator.core.levers.settings import Lever
from estimator.core.planner.words import in_words
from estimator.core.sheet import KnownDraws, Sheet, TooLarge

MOST_ADVICE: Final = 3
#: A saving below this share of the total is not worth the work. [1]
WORTHWHILE_SHARE: Final = 0.02
#: Of levers that ask for another training or for other answers, at most so many are told.
MOST_BOLD: Final = 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """One setting of a lever that is tried, and the run that it makes."""

    lever: Lever
    case: LeverCase
    name: str = ""  #: of the accelerator or the place that it moves to
    is_bold: bool = False  #: whether it asks for another training or for other answers


class Advised(Result):
    """One lever that is worth a look."""

    lever: str
    setting: Mapping[str, Any]  #: as a scenario takes it
    what: str  #: what to do; an English template
    what_params: Mapping[str, Any] = {}  #: what fills it; empty once it is filled
    is_bold: bool = False  #: whether it asks for another training or for other answers
    saving_kgco2e: Range
    saving_share: Range
    after_kgco2e: Range
    may_cost: bool  #: whether the range includes a loss
    conditions: str = ""  #: English templates, one a line
    quality_caveat: str = ""  #: English templates, one a line
    source_ids: tuple[str, ...] = ()


class Advice(Result):
    """What would save most; empty where nothing saves enough."""

    items: tuple[Advised, ...]  #: most first, each alone against the run as it is
    tried_count: int  #: settings that could be computed
    worthwhile_share: float  #: what a setting must save to be told
    best_saving_share: float | None  #: central, of the best setting that was tried, told or not
    sources: Mapping[str, Source]
    engine_version: str
    dataset_version: str
    input_digest: str


@dataclass(frozen=True, slots=True)
class Screening:
    """What came out of trying them all without draws."""

    told: tuple[Candidate, ...]  #: those that save most, most first
    tried_count: int
    best_saving_share: float | None


def screen(workload: Workload, factors: Factors, candidates: Sequence[Candidate]) -> Screening:
    """
    The few candidates that save most by their central values, the best setting of each lever, most first.

    Parameters
    ----------
    workload : Workload
        The run as it is, best without draws.
    factors : Factors
        Its inputs.
    candidates : sequence of Candidate
        What is tried; what cannot be computed is passed over.

    Returns
    -------
    Screening
        At most `MOST_ADVICE`, each saving at least `WORTHWHILE_SHARE`, at most `MOST_BOLD` of them bold.
    """
    before, known_draws = _as_it_is(workload, factors)
    tried: list[tuple[float, Candidate]] = []
    for candidate in candidates:
        saving = _saving(candidate.case, workload, factors, before, known_draws)
        if saving is not None:
            tried.append((saving.saving_share.central, candidate))
    told: dict[str, Candidate] = {}
    for share, candidate in sorted(tried, key=lambda one: -one[0]):  # of equals the first stays first
        is_too_bold = candidate.is_bold and sum(other.is_bold for other in told.values()) >= MOST_BOLD
        if share >= WORTHWHILE_SHARE and len(told) < MOST_ADVICE and not is_too_bold:
            told.setdefault(candidate.lever.lever, candidate)
    return Screening(
        told=tuple(told.values()),
        tried_count=len(tried),
        best_saving_share=max((share for share, _ in tried), default=None),
    )


def advice(
    workload: Workload,
    factors: Factors,
    screening: Screening,
    told: Sequence[Candidate],
    *,
    sources: Mapping[str, Source],
) -> Advice:
    """
    Advice with ranges.

    Parameters
    ----------
    workload, factors : Workload, Factors
        The run as it is, with its draws.
    screening : Screening
        What came out of trying them all.
    told : sequence of Candidate
        Those that it tells, as they change the run with its draws.
    sources : mapping
        Every source that they may cite.
    """
    before, known_draws = _as_it_is(workload, factors)
    items = []
    for candidate in told:
        saving = _saving(candidate.case, workload, factors, before, known_draws)
        if saving is not None:
            items.append(_advised(candidate, saving))
    cited = {source_id for item in items for source_id in item.source_ids}
    return Advice(
        items=tuple(items),
        tried_count=screening.tried_count,
        worthwhile_share=WORTHWHILE_SHARE,
        best_saving_share=screening.best_saving_share,
        sources={source_id: sources[source_id] for source_id in sorted(cited)},
        engine_version=ENGINE_VERSION,
        dataset_version=factors.dataset_version,
        input_digest=workload.input_digest,
    )


def _as_it_is(workload: Workload, factors: Factors) -> tuple[Sheet, KnownDraws]:
    known_draws: KnownDraws = {}
    sheet, _ = computed(workload, factors, known_draws)
    return sheet, known_draws


def _saving(
    case: LeverCase, workload: Workload, factors: Factors, before: Sheet, known_draws: KnownDraws
) -> LeverSaving | None:
    try:
        alone, _ = lever_savings(workload, replace(factors, levers=(case,), levers_together=None), before, known_draws)
    except TooLarge:
        return None
    return alone[0]


def readable_advice(told: Advice, translate: Callable[[str], str] = str) -> Advice:
    """The same advice with its texts filled in, in another language where `translate` gives one."""

    def lines(templates: str) -> str:
        return "\n".join(translate(line) for line in templates.split("\n") if line)

    items = tuple(
        item.model_copy(
            update={
                "what": translate(item.what) % item.what_params,
                "what_params": {},
                "conditions": lines(item.conditions),
                "quality_caveat": lines(item.quality_caveat),
            }
        )
        for item in told.items
    )
    return told.model_copy(update={"items": items})


def _advised(candidate: Candidate, saving: LeverSaving) -> Advised:
    what, what_params = in_words(candidate.lever, lambda lever: candidate.name)
    return Advised(
        lever=candidate.lever.lever,
        setting=candidate.lever.model_dump(mode="json", exclude_unset=True),
        what=what,
        what_params=what_params,
        is_bold=candidate.is_bold,
        saving_kgco2e=saving.saving_kgco2e,
        saving_share=saving.saving_share,
        after_kgco2e=saving.after_kgco2e,
        may_cost=saving.saving_kgco2e.low < 0.0,
        conditions=saving.conditions,
        quality_caveat=saving.quality_caveat,
        source_ids=saving.source_ids,
    )
