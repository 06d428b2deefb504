"""
Scenarios: stacks of levers on one run, each as a waterfall from the run as it is, with what explains the difference.

All runs share the draws of every input that they have in common, so that a doubt about the grid does not look like a
doubt about a lever. A stack is computed lever by lever in the order in which they act; the savings on the way sum to
the run before minus the run after.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field

from estimator.core import ENGINE_VERSION
from estimator.core.bounds import Inputs
from estimator.core.decomposition import Part, parts_of_difference
from estimator.core.estimate import computed
from estimator.core.factors import Factors, LeverCase
from estimator.core.footprint import LeverSaving, Quantities, Range, Result, Source
from estimator.core.inputs import Workload
from estimator.core.levers.federated import is_federated
from estimator.core.levers.savings import lever_savings, market_saving, saving_between
from estimator.core.levers.settings import MOST_LEVERS, Lever
from estimator.core.sheet import KnownDraws, Sheet

#: Beyond these, a table can no longer be read side by side.
MOST_SCENARIOS: Final = 6


class Levers(Inputs):
    """Levers as programs and pages hand them over."""

    levers: Annotated[tuple[Lever, ...], Field(strict=False, max_length=MOST_LEVERS)]


def levers_of(plain: Any) -> tuple[Lever, ...]:
    """
    Levers from plain data.

    Raises
    ------
    pydantic.ValidationError
        If they are no levers; the places in it begin with `levers`.
    """
    return Levers.model_validate({"levers": plain}).levers


@dataclass(frozen=True, slots=True)
class Stack:
    """Levers under a name, resolved against the catalogue."""

    name: str
    levers: tuple[Lever, ...]
    factors: Factors  #: of the run as it is, with the case of each lever alone
    stages: tuple[LeverCase, ...]  #: the run after each lever, in the order in which they act


class Needs(Result):
    """What a run takes beside energy; None where the inputs cannot tell."""

    accelerator: str = ""  #: its name for people
    accelerator_count: float | None = None
    duration_h: float | None = None  #: by the clock, with accelerators that work all the time
    memory_needed_gb: float | None = None  #: of the weights and the caches of a batch; known where requests are served
    memory_available_gb: float | None = None  #: of all accelerators together
    work_count: float | None = None  #: requests of a service, or operations of a training


class ScenarioStep(Result):
    """One lever of a stack: what it saves of what those before it left; negative where it costs."""

    lever: str
    saving_kgco2e: Range
    saving_share: Range  #: of what the levers before it left
    after_kgco2e: Range
    #: By contract: for a lever that changes contracts, and never part of the total.
    market_based_saving_kgco2e: Range | None = None
    conditions: str = ""  #: English templates, one a line
    quality_caveat: str = ""  #: English templates, one a line
    source_ids: tuple[str, ...] = ()


class Run(Result):
    """The run as it is, or as a scenario makes it."""

    result: Quantities
    needs: Needs


class ScenarioResult(Result):
    """What a stack of levers makes of a run."""

    name: str
    result: Quantities
    needs: Needs
    saving_kgco2e: Range
    saving_share: Range
    levers: tuple[LeverSaving, ...]  #: each alone, against the run as it is
    waterfall: tuple[ScenarioStep, ...]  #: in the order in which they act; savings sum to before minus after
    differences: tuple[Part, ...]  #: what explains it; they sum to after minus before


class Comparison(Result):
    """A run as it is, beside its scenarios."""

    title: str
    baseline: Run
    scenarios: tuple[ScenarioResult, ...]
    sources: Mapping[str, Source]
    engine_version: str
    dataset_version: str
    input_digest: str


def compare(workload: Workload, factors: Factors, stacks: Sequence[Stack]) -> Comparison:
    """
    A run beside its scenarios.

    Parameters
    ----------
    workload : Workload
        The run as it is.
    factors : Factors
        Its inputs.
    stacks : sequence of Stack
        The scenarios.

    Returns
    -------
    Comparison
        In the order of the stacks.

    Raises
    ------
    InputProblems
        If a run cannot be computed.
    """
    known_draws: KnownDraws = {}
    sheet, result = computed(workload, factors, known_draws)
    baseline = Run(result=result, needs=_needs(sheet, factors))
    scenarios = tuple(_scenario(stack, workload, factors, sheet, baseline, known_draws) for stack in stacks)
    cited = {source_id for one in scenarios for step in one.waterfall for source_id in step.source_ids}
    cited |= {source_id for one in scenarios for lever in one.levers for source_id in lever.source_ids}
    known = dict(factors.sources)
    for stack in stacks:
        known |= stack.factors.sources
    return Comparison(
        title=workload.title,
        baseline=baseline,
        scenarios=scenarios,
        sources={source_id: source for source_id, source in known.items() if source_id in cited},
        engine_version=ENGINE_VERSION,
        dataset_version=factors.dataset_version,
        input_digest=workload.input_digest,
    )


def differences(before: Run, after: Run) -> tuple[Part, ...]:
    """What explains the difference between any two runs of a comparison."""
    return parts_of_difference(
        before.result, after.result, work_before=before.needs.work_count, work_after=after.needs.work_count
    )


def _scenario(
    stack: Stack, workload: Workload, factors: Factors, before: Sheet, baseline: Run, known_draws: KnownDraws
) -> ScenarioResult:
    run, sheet = baseline, before
    last: LeverCase | None = None
    steps: list[ScenarioStep] = []
    for case in stack.stages:
        earlier = sheet
        if case.factors is None:
            sheet, run = before, baseline
        elif last is None or case.workload != last.workload or _numbers(case) != _numbers(last):
            sheet, result = computed(case.workload, case.factors, known_draws)
            run = Run(result=result, needs=_needs(sheet, case.factors))
        steps.append(_step(case, earlier, sheet, buys=_buys(case, last, workload)))
        last = case
    alone, _ = lever_savings(workload, stack.factors, before, known_draws)
    saving, share = saving_between(before, sheet)
    return ScenarioResult(
        name=stack.name,
        result=run.result,
        needs=run.needs,
        saving_kgco2e=saving,
        saving_share=share,
        levers=alone,
        waterfall=tuple(steps),
        differences=differences(baseline, run),
    )


def _numbers(case: LeverCase) -> Any:
    """What a case brings beside its run: a lever that changes nothing is not computed anew."""
    return case.factors.adjustments if case.factors is not None else ()


def _buys(case: LeverCase, last: LeverCase | None, workload: Workload) -> bool:
    present = last.workload if last is not None else workload
    return case.workload.market_based != present.market_based


def _step(case: LeverCase, before: Sheet, after: Sheet, *, buys: bool) -> ScenarioStep:
    saving, share = saving_between(before, after)
    return ScenarioStep(
        lever=case.levers[-1],
        saving_kgco2e=saving,
        saving_share=share,
        after_kgco2e=after.known_range("total_kgco2e"),
        market_based_saving_kgco2e=market_saving(before, after) if buys else None,
        conditions="\n".join(case.conditions),
        quality_caveat="\n".join(case.quality_caveats),
        source_ids=case.source_ids,
    )


def _needs(sheet: Sheet, factors: Factors) -> Needs:
    if is_federated(sheet):
        # What was told of the central run's machines says nothing of the clients'.
        return Needs()

    def central(name: str) -> float | None:
        return sheet.central(name) if name in sheet else None

    count, hours, duration = central("accelerator_count"), central("accelerator_hours"), central("duration_h")
    if duration is None and count and hours is not None:
        duration = hours / count
    weights, cache, batch = central("weights_gb"), central("kv_cache_gb"), central("batch_size")
    memory = factors.accelerator_memory_gb
    return Needs(
        accelerator=factors.accelerator_name,
        accelerator_count=count,
        duration_h=duration,
        memory_needed_gb=weights + batch * cache if weights and cache is not None and batch else None,
        memory_available_gb=count * memory if count and memory else None,
        work_count=central("requests_count") if factors.method == "inference_tokens" else central("total_flop"),
    )


def readable_comparison(comparison: Comparison, translate: Callable[[str], str] = str) -> Comparison:
    """The comparison with every text translated, and several conditions on one line: what programs are given."""

    def lines(templates: str) -> str:
        return " ".join(translate(line) for line in templates.split("\n") if line)

    def told(item: ScenarioStep | LeverSaving) -> Any:
        update = {"conditions": lines(item.conditions), "quality_caveat": lines(item.quality_caveat)}
        return item.model_copy(update=update)

    return comparison.model_copy(
        update={
            "scenarios": tuple(
                one.model_copy(
                    update={
                        "levers": tuple(map(told, one.levers)),
                        "waterfall": tuple(map(told, one.waterfall)),
                        "differences": tuple(
                            part.model_copy(update={"label": translate(part.label)}) for part in one.differences
                        ),
                    }
                )
                for one in comparison.scenarios
            )
        }
    )
