"""What somebody wants measured, and what measured energy means: bounds, and emissions of joules."""

from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from estimator.core.bounds import Hours, Inputs, Intensity
from estimator.core.bounds import Location as Location

SHORTEST_INTERVAL_S: Final = 0.1
LONGEST_INTERVAL_S: Final = 60.0
#: Thirty days: a measurement that nobody stops ends by then.
LONGEST_MEASUREMENT_S: Final = 30 * 86_400.0

TargetName = Literal["machine", "process", "workload"]


class Placed(Inputs):
    """Where a measured machine stands, as an estimate says it."""

    location: Location = Location()
    grid_intensity_gco2e_per_kwh: Intensity | None = Field(None, description="Beats any look-up. [gCO2e/kWh]")
    pue: Annotated[float, Field(gt=0, le=10)] | None = Field(None, description="Facility energy over IT energy. [1]")


class FootprintRequest(Placed):
    """Where a machine stood that was measured, and of what the footprint is to be."""

    of: Literal["machine", "process"] | None = Field(
        None,
        description="The whole machine, or the share of it that is attributed to a command or process; by default what "
        "was measured.",
    )


class MeasurementRequest(Placed):
    """What is to be measured on a worker, for how long, and where it stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "worker": "0d9f3a44-1f0a-4a3e-8f43-0b0f4f8d6c21",
                    "target": "workload",
                    "workload": "train",
                    "project": "thesis",
                    "location": {"country": "FR"},
                    "budget_kwh": 2.0,
                }
            ]
        }
    )

    worker: Annotated[str, Field(max_length=36)] = Field(description="Id of the worker.")
    target: TargetName = Field("machine", description="The whole machine, a process, or a workload known by its name.")
    pid: Annotated[int, Field(ge=1, le=4_194_304)] | None = Field(None, description="Of the process; its children too.")
    workload: Annotated[str, Field(min_length=1, max_length=80)] | None = Field(
        None, description="A name of the worker's own file; the server never sends a command."
    )
    interval_s: Annotated[float, Field(ge=SHORTEST_INTERVAL_S, le=LONGEST_INTERVAL_S)] = Field(
        1.0, description="Time between two samples. [s]"
    )
    duration_s: Annotated[float, Field(gt=0, le=LONGEST_MEASUREMENT_S)] | None = Field(
        None, description="How long it goes; until it is stopped without. [s]"
    )
    baseline_s: Annotated[float, Field(ge=0, le=300)] = Field(
        0.0, description="The idle machine is measured this long first. [s]"
    )
    title: Annotated[str, Field(max_length=200)] = Field("", description="Its name, for people.")
    project: Annotated[str, Field(max_length=120)] = Field("", description="Lists can show those of one project.")
    pue: Annotated[float, Field(ge=1, le=10)] | None = Field(None, description="Facility energy over IT energy. [1]")
    planned_h: Hours | None = Field(None, description="Hours of the whole run, to project the total. [h]")
    budget_kwh: Annotated[float, Field(gt=0, le=1e9)] | None = Field(
        None, description="Warn before it is passed. [kWh]"
    )
    budget_kgco2e: Annotated[float, Field(gt=0, le=1e9)] | None = Field(
        None, description="Warn before it is passed. [kgCO2e]"
    )

    @model_validator(mode="after")
    def target_is_named(self) -> Self:
        """Refuse a process without its number, a workload without its name, and either where another is the target."""
        if self.target == "process" and self.pid is None:
            raise PydanticCustomError("pid_missing", "Give the number of the process.", {"field": "pid"})
        if self.target != "process" and self.pid is not None:
            raise PydanticCustomError(
                "pid_unasked", 'Leave this out, or choose "process" as the target.', {"field": "pid"}
            )
        if self.target == "workload" and self.workload is None:
            raise PydanticCustomError("workload_missing", "Give the name of the workload.", {"field": "workload"})
        if self.target != "workload" and self.workload is not None:
            raise PydanticCustomError(
                "workload_unasked", 'Leave this out, or choose "workload" as the target.', {"field": "workload"}
            )
        return self


def projected(*, reached: float, passed_s: float, planned_s: float) -> float | None:
    r"""
    What an amount will be at the end, if it goes on growing as evenly as so far.

    Parameters
    ----------
    reached : float
        The amount so far, in any unit.
    passed_s, planned_s : float
        How long it took, and how long it takes in all. [s]

    Returns
    -------
    float or None
        The amount at the end, never less than what is reached; None before anything has passed.

    Examples
    --------
    >>> projected(reached=2.0, passed_s=60.0, planned_s=3600.0)
    120.0
    """
    return reached * max(planned_s / passed_s, 1.0) if passed_s > 0.0 else None


def budget_used(*, reached: float, at_end: float | None, budget: float) -> Literal["within", "soon", "passed"]:
    """
    How an amount stands to its budget.

    Parameters
    ----------
    reached : float
        The amount so far.
    at_end : float or None
        What it is projected to be.
    budget : float
        What it must not pass, in the same unit.

    Returns
    -------
    str
        `passed`; `soon` from nine tenths of it on, or where the projected amount passes it; else `within`.

    Examples
    --------
    >>> budget_used(reached=0.5, at_end=1.2, budget=1.0)
    'soon'
    """
    if reached >= budget:
        return "passed"
    return "soon" if reached >= 0.9 * budget or (at_end is not None and at_end > budget) else "within"
