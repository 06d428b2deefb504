"""Which meters work on this machine. One that is not asked for and missing is skipped, and its reason kept."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final, cast

from estimator.measure.samplers import Meter, MeterProblem, MeterState, Opened
from estimator.measure.words import words as _

#: Best first. A module is loaded only when its kind is tried.
KINDS: Final = ("nvml", "amd", "rapl", "apple", "hwmon", "ipmi")
#: What stands in where no sensor tells of the CPU or the memory.
MODEL: Final = "model"
#: What people call them.
NAMES: Final = {
    "nvml": _("NVIDIA cards"),
    "amd": _("AMD cards"),
    "rapl": _("Processor and memory (RAPL)"),
    "apple": _("Apple silicon"),
    "hwmon": _("Power meter, battery"),
    "ipmi": _("Whole machine (BMC)"),
    MODEL: _("Model of CPU and memory"),
}


def open_meters(asked: Sequence[str] = ()) -> Opened:
    """
    Open every meter that works here.

    Parameters
    ----------
    asked : sequence of str
        Kinds that must work; by default all are tried, and a model fills what no sensor tells.

    Returns
    -------
    Opened
        The meters, and for each kind whether it works and why not.

    Raises
    ------
    MeterProblem
        If a kind was asked for that does not work or does not exist.
    """
    unknown = [name for name in asked if name not in (*KINDS, MODEL)]
    if unknown:
        raise MeterProblem(f"There is no meter {unknown[0]!r}.", f"Choose from {', '.join((*KINDS, MODEL))}.")
    # What belongs to the other system is no news here.
    elsewhere = ("rapl", "hwmon", "ipmi") if sys.platform == "darwin" else ("apple",)
    meters: list[Meter] = []
    states: list[MeterState] = []
    missed: list[str] = []
    try:
        for name in KINDS:
            if (name not in asked) if asked else (name in elsewhere):
                continue
            taken = frozenset(component.name for meter in meters for component in meter.components)
            try:
                meter = _opened(name, taken)
            except MeterProblem as problem:
                if asked:
                    raise
                states.append(MeterState(name, works=False, reason=problem.reason, remedy=problem.remedy))
                if problem.is_there:
                    missed.append(name)
            else:
                meters.append(meter)
                states.append(MeterState(name, works=True, components=meter.components))
        if not asked or MODEL in asked:
            from estimator.measure import model

            known = {component.kind for meter in meters for component in meter.components}
            # A model beside a sensor would only say the same thing worse.
            if missing := (model.KINDS if asked else model.KINDS - known):
                modelled = model.open_meter(missing)
                meters.append(modelled)
                states.append(MeterState(MODEL, works=True, components=modelled.components))
    except BaseException:
        for meter in meters:
            meter.close()
        raise
    return Opened(meters=tuple(meters), states=tuple(states), missed=tuple(missed))


def _opened(name: str, taken: frozenset[str]) -> Meter:
    """One meter; what a driver raises that nobody knows costs this meter, and not the others."""
    try:
        return _opener(name)(taken)
    except MeterProblem:
        raise
    except Exception as problem:
        told = f"{type(problem).__name__}: {problem}"
        raise MeterProblem(_("It failed to open (%(problem)s).", problem=told), is_there=True) from problem


def _opener(name: str) -> Callable[[frozenset[str]], Meter]:
    """What opens a kind; it is told which components are measured already."""
    open_meter = import_module(f"estimator.measure.{name}").open_meter
    if name == "hwmon":
        return lambda taken: cast("Meter", open_meter(taken=taken))
    return lambda taken: cast("Meter", open_meter())
