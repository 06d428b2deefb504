"""Levers against the catalogue: the evidence that fits, boards and places that are named, and the runs they make."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from estimator.core.factors import Factors, LeverCase
from estimator.core.footprint import Assumption, gettext_noop
from estimator.core.inputs import InputProblem, InputProblems, Method, Workload
from estimator.core.levers.plan import Board, Evidence, LeverProblem, Plan, RunFacts
from estimator.core.levers.registry import applied, in_order
from estimator.core.levers.settings import ClientLocation, Lever, OtherHardware, Region
from estimator.reference.assume import looked_up
from estimator.reference.hardware import find_hardware
from estimator.reference.serving import serving_board
from estimator.reference.shelf import Shelf
from estimator.reference.sizes import model_size
from estimator.reference.tables import Accelerator
from estimator.reference.training import peak_flops
from estimator.reference.zones import Spot

#: Assumptions of one run, without any levers.
FactorsOf = Callable[[Workload], Factors]
_WHERE: Final = ("setting", "model_class", "regime", "hardware")
_CLIENTS: Final = gettext_noop("Mean of the grids of the clients, by their shares.")


@dataclass(slots=True)
class CatalogueKnowledge:
    """What levers ask, answered from the tables. The method stays that of the run as it is."""

    shelf: Shelf
    method: Method
    _facts: dict[int, tuple[Workload, RunFacts]] = field(default_factory=dict)

    def facts(self, workload: Workload) -> RunFacts:
        """What is known of a run."""
        known = self._facts.get(id(workload))
        if known is None:
            known = self._facts[id(workload)] = (workload, self._looked_up(workload))
        return known[1]

    def _looked_up(self, workload: Workload) -> RunFacts:
        name, preset = workload.hardware.accelerator, workload.model.preset
        row = self.shelf.model_names.find(preset, path="model.preset").row if preset is not None else None
        size = model_size(workload, row, self.shelf)
        accelerator = find_hardware(self.shelf, name).accelerator if name is not None else None
        if self.method == "inference_tokens":
            accelerator = serving_board(workload, accelerator, self.shelf)
        return RunFacts(
            method=self.method,
            parameters_count=size.parameters.value if size.parameters is not None else None,
            active_parameters_count=size.active.value if size.active is not None else None,
            training_tokens=size.tokens.value if size.tokens is not None else None,
            board=_board(accelerator, peak_flops(workload, accelerator)) if accelerator is not None else None,
        )

    def board(self, name: str) -> tuple[Board, float | None]:
        """An accelerator by what people call it, and the number that the name stands for."""
        found = find_hardware(self.shelf, name)
        peak = found.accelerator.peak_fp16_flops or found.accelerator.peak_fp32_flops
        # How many accelerators serve one copy of a model is told by its memory, not by the size of an instance.
        one_copy = self.method == "inference_tokens" and found.multiple_count is None
        return _board(found.accelerator, peak), None if one_copy else found.accelerator_count

    def evidence(self, lever: str, quantity: str, **where: str) -> Evidence:
        """The row that fits best: each of its cells that is filled must meet the question."""
        return _evidence(self.shelf, lever, quantity, tuple(where.get(name, "") for name in _WHERE))

    def client_grid(self, places: Sequence[str | ClientLocation], workload: Workload) -> Assumption:
        """Mean intensity of the grids of clients; those without a share divide what the others leave."""
        said = sum(place.share for place in places if isinstance(place, ClientLocation))
        silent = sum(isinstance(place, str) for place in places)
        each = (1.0 - said) / silent if silent else 0.0
        total, weight, source_ids = 0.0, 0.0, list[str]()
        for number, place in enumerate(places):
            name, share = (place, each) if isinstance(place, str) else (place.place, place.share)
            spot = self._spot(name, f"client_locations.{number}")
            found = self.shelf.places.grids.grid(spot, year=workload.year)
            total += share * found.grid_intensity_gco2e_per_kwh
            weight += share
            source_ids += found.source_ids
        return looked_up(
            "grid_intensity_gco2e_per_kwh",
            total / weight,
            self.shelf.defaults["spread_grid"],
            source_ids=tuple(dict.fromkeys(source_ids)),
            note=_CLIENTS,
        )

    def _spot(self, name: str, setting: str) -> Spot:
        places = self.shelf.places
        return places.locate(places.find_place(name, path=setting).location)


def _board(row: Accelerator, peak: float | None) -> Board:
    return Board(
        id=row.id,
        name=row.name,
        family=row.family,
        tdp_w=row.tdp_w or row.estimated_power_w,
        peak_flops=peak,
        memory_gb=row.memory_gb,
    )


@lru_cache(maxsize=512)
def _evidence(shelf: Shelf, lever: str, quantity: str, where: tuple[str, ...]) -> Evidence:
    def fit(row: Any) -> int:
        cells = [getattr(row, name) for name in _WHERE]
        if any(cell and cell != asked for cell, asked in zip(cells, where, strict=True)):
            return -1
        return sum(bool(cell) for cell in cells)

    row = max(shelf.levers[lever, quantity], key=fit)
    if fit(row) < 0:
        raise LookupError(f"levers.csv has no row for {lever}, {quantity}, {where}")
    return Evidence(
        id=row.id,
        low=row.low,
        central=row.central,
        high=row.high,
        unit=row.unit,
        quality=row.quality,
        conditions=row.conditions,
        quality_effect=row.quality_effect,
        source_ids=row.source_ids,
    )


# --- the runs that levers make -----------------------------------------------------------------------------------


def with_levers(workload: Workload, factors: Factors, *, shelf: Shelf, factors_of: FactorsOf) -> Factors:
    """
    The factors of a run with those of each of its levers, alone and together.

    Parameters
    ----------
    workload : Workload
        The run as it is, with its hardware spelt out and its levers.
    factors : Factors
        Its factors.
    shelf : Shelf
        The reference data.
    factors_of : callable
        Looks up the factors of the runs that levers make.

    Returns
    -------
    Factors
        With a case for each lever.

    Raises
    ------
    InputProblems
        If a lever names what is unknown, or changes what the method cannot express; all at once.
    """
    problems: list[InputProblem] = []
    knowledge = CatalogueKnowledge(shelf, factors.method)
    present = Plan(workload.model_copy(update={"method": factors.method, "levers": ()}))
    cases = [
        _case((lever,), {lever.lever: number}, present, factors, knowledge, factors_of, problems)
        for number, lever in enumerate(workload.levers)
    ]
    stack = in_order(workload.levers)
    numbers: dict[str, int] = {lever.lever: n for n, lever in enumerate(workload.levers)}
    together = cases[numbers[stack[0].lever]]
    if len(stack) > 1 and not problems:
        together = _case(stack, numbers, present, factors, knowledge, factors_of, problems)
    if problems:
        raise InputProblems(tuple(problems))
    known = shelf.sources
    every = (*cases, together)
    cited = {source_id: known[source_id] for case in every if case is not None for source_id in case.source_ids}
    return replace(
        factors,
        levers=tuple(case for case in cases if case is not None),
        levers_together=together,
        sources={**factors.sources, **cited},
    )


def _case(
    levers: Sequence[Lever],
    numbers: dict[str, int],
    present: Plan,
    factors: Factors,
    knowledge: CatalogueKnowledge,
    factors_of: FactorsOf,
    problems: list[InputProblem],
) -> LeverCase | None:
    plan = present
    for lever in levers:
        path = f"levers.{numbers[lever.lever]}"
        try:
            plan = applied(plan, lever, knowledge)
        except LeverProblem as problem:
            message, text_params = problem.message, problem.text_params
            problems.append(InputProblem(f"{path}.{problem.setting}", message, text_params))
            return None
        except InputProblems as error:
            problems += at_lever(error, path)
            return None
    path = f"levers.{numbers[levers[-1].lever]}"
    return _made(plan, tuple(lever.lever for lever in levers), path, present, knowledge, factors_of, problems)


def _made(
    plan: Plan,
    names: tuple[str, ...],
    path: str,
    present: Plan,
    knowledge: CatalogueKnowledge,
    factors_of: FactorsOf,
    problems: list[InputProblem],
) -> LeverCase | None:
    """The case of a plan, with its factors where it changes anything."""
    changed = plan.workload != present.workload or bool(plan.factors)
    try:
        after = factors_of(plan.workload) if changed else None
    except InputProblems as error:
        problems += at_lever(error, path)
        return None
    if after is not None:
        after = replace(
            after,
            assumptions={**after.assumptions, **{factor.name: factor for factor in plan.factors}},
            adjustments=plan.adjustments,
            sources=knowledge.shelf.sources,
        )
    return LeverCase(
        levers=names,
        workload=plan.workload,
        factors=after,
        conditions=plan.conditions,
        quality_caveats=plan.quality_effects,
        source_ids=plan.source_ids,
    )


def stacked(
    workload: Workload, factors: Factors, levers: Sequence[Lever], *, shelf: Shelf, factors_of: FactorsOf
) -> tuple[LeverCase, ...]:
    """
    The run after each lever in turn, in the order in which they act.

    Parameters
    ----------
    workload : Workload
        The run as it is, with its hardware spelt out.
    factors : Factors
        Its factors.
    levers : sequence of Lever
        In any order; of two with the same name the last one holds.
    shelf : Shelf
        The reference data.
    factors_of : callable
        Looks up the factors of the runs that levers make.

    Returns
    -------
    tuple of LeverCase
        One for each lever: the run with it and all before it, and what is to be said about it alone.

    Raises
    ------
    InputProblems
        If a lever names what is unknown, or changes what the method cannot express; all at once.
    """
    problems: list[InputProblem] = []
    knowledge = CatalogueKnowledge(shelf, factors.method)
    present = plan = Plan(workload.model_copy(update={"method": factors.method, "levers": ()}))
    numbers = {lever.lever: number for number, lever in enumerate(levers)}
    cases = []
    for lever in in_order(levers):
        path = f"levers.{numbers[lever.lever]}"
        try:
            plan = applied(replace(plan, conditions=(), quality_effects=(), source_ids=()), lever, knowledge)
        except LeverProblem as problem:
            problems.append(InputProblem(f"{path}.{problem.setting}", problem.message, problem.text_params))
            continue
        except InputProblems as error:
            problems += at_lever(error, path)
            continue
        cases.append(_made(plan, (lever.lever,), path, present, knowledge, factors_of, problems))
    if problems:
        raise InputProblems(tuple(problems))
    return tuple(case for case in cases if case is not None)


def refusals(workload: Workload, factors: Factors, levers: Sequence[Lever], *, shelf: Shelf) -> dict[str, InputProblem]:
    """Those of some levers that cannot act on a run at all, whatever their settings, each with the reason."""
    knowledge = CatalogueKnowledge(shelf, factors.method)
    present = Plan(workload.model_copy(update={"method": factors.method, "levers": ()}))
    refused: dict[str, InputProblem] = {}
    for lever in levers:
        try:
            applied(present, lever, knowledge)
        except LeverProblem as problem:
            if problem.setting == "lever":
                refused[lever.lever] = InputProblem(lever.lever, problem.message, problem.text_params)
        except InputProblems:
            continue
    return refused


def at_lever(error: InputProblems, path: str) -> tuple[InputProblem, ...]:
    """The same problems where the lever says it: `accelerator`, not `hardware.accelerator`."""
    return tuple(
        replace(problem, path=f"{path}.{problem.path.removeprefix('hardware.').removeprefix('location.')}")
        for problem in error.problems
    )


def name_problems(workload: Workload, shelf: Shelf) -> tuple[InputProblem, ...]:
    """What levers name that the catalogue does not know: said also where the run itself cannot be computed."""
    problems: list[InputProblem] = []
    for number, lever in enumerate(workload.levers):
        try:
            if isinstance(lever, OtherHardware):
                find_hardware(shelf, lever.accelerator)
            elif isinstance(lever, Region):
                shelf.places.locate(lever.place)
        except InputProblems as error:
            problems += at_lever(error, f"levers.{number}")
    return tuple(problems)
