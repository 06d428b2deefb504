"""
Fit of the whole-job model FLOP utilisation (MFU) of training: from `training_runs.csv` to the table `mfu.csv`.

Run `python -m tests.golden.fit.fit_mfu` from the top of the repository; it is deterministic and rewrites the table.

What is fitted: the logarithm of the MFU as a common mean, an offset of the hardware family and one for mixtures of
experts. The offsets are shrunk towards zero as if two publications without any offset had been seen, so that a family
with one publication moves little. A publication counts with the square root of its runs: those of one paper share
their software and their cluster. A term in the logarithm of the active parameters was tried and left out: it did not
lower the error on publications that were not seen.

What enters: runs with hours by the authors, or by count and time, whose operations follow from parameters and tokens or
were measured (`use` = fit). Runs whose operations were derived from the hours are circular and stay out (`use` =
excluded, with the reason). Runs with `use` = holdout never enter; they show how the table does on others.
"""

import csv
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from estimator.core.flops import flop_accelerator_hours, training_flop, whole_job_mfu

Array = npt.NDArray[np.float64]

FOLDER: Final = Path(__file__).parent
RUNS: Final = FOLDER / "training_runs.csv"
TABLE: Final = FOLDER.parents[2] / "estimator" / "reference" / "data" / "mfu.csv"

FAMILIES: Final = ("volta", "ampere", "hopper", "tpu")
#: The families of the accelerator table that each group stands for. Those without a run of their own take the group of
#: the nearest design, and a wider range.
COVERS: Final = {
    "volta": "Pascal;Volta;Turing",
    "ampere": "Ampere",
    "hopper": "Hopper;Ada Lovelace;Blackwell;Blackwell Ultra",
    "tpu": "TPU",
    "other": "",
}
#: How many publications without any offset each offset is shrunk with.
PRIOR_PUBLICATIONS: Final = 2.0
#: Student's t at 95 % for about twenty publications.
T95: Final = 1.725
#: Standard deviation, in logarithms, that a family without runs of its own adds: that of the offsets seen.
UNKNOWN_FAMILY_SD: Final = 0.2


@dataclass(frozen=True, slots=True)
class Run:
    """One published training run."""

    id: str
    publication: str
    organisation: str
    family: str
    mixture: bool
    peak_flops: float
    total_flop: float
    accelerator_hours: float
    use: str
    source_ids: tuple[str, ...]

    @property
    def mfu(self) -> float:
        return float(
            whole_job_mfu(
                total_flop=self.total_flop, accelerator_hours=self.accelerator_hours, peak_flops=self.peak_flops
            )
        )


def read_runs(use: str) -> list[Run]:
    """Runs of one use, with the operations published for them, or else 6ND."""
    runs = []
    with RUNS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["use"] != use:
                continue
            flop = (
                float(row["total_flop"])
                if row["total_flop"]
                else float(
                    training_flop(
                        active_parameters_count=float(row["active_parameters_count"]),
                        training_tokens=float(row["training_tokens"]),
                    )
                )
            )
            runs.append(
                Run(
                    id=row["id"],
                    publication=row["publication"],
                    organisation=row["organisation"],
                    family=row["family"],
                    mixture=row["mixture"] == "1",
                    peak_flops=float(row["peak_flops"]),
                    total_flop=flop,
                    accelerator_hours=float(row["accelerator_hours"]),
                    use=row["use"],
                    source_ids=tuple(row["source_ids"].split(";")),
                )
            )
    return runs


def _design(runs: Sequence[Run]) -> Array:
    return np.array([[1.0, run.mixture, *(run.family == family for family in FAMILIES)] for run in runs], dtype=float)


def fit(runs: Sequence[Run]) -> Array:
    """Mean, offset of mixtures and offsets of the families, in logarithms."""
    publications = [run.publication for run in runs]
    weights = np.array([publications.count(publication) ** -0.25 for publication in publications])
    design = _design(runs) * weights[:, None]
    outcome = np.log([run.mfu for run in runs]) * weights
    shrinkage = np.diag([0.0, *[PRIOR_PUBLICATIONS] * (design.shape[1] - 1)])
    solution: Array = np.linalg.solve(design.T @ design + shrinkage, design.T @ outcome)
    return solution


def errors(runs: Sequence[Run], coefficients: Array) -> Array:
    """Logarithm of the published MFU over the predicted one; the device-hours err by its negative."""
    return np.log([run.mfu for run in runs]) - _design(runs) @ coefficients


def held_out_errors(runs: Sequence[Run], key: str = "publication") -> Array:
    """Errors of each run under a fit that has seen no run of its publication."""
    held_out = np.empty(len(runs))
    for group in dict.fromkeys(getattr(run, key) for run in runs):
        places = [place for place, run in enumerate(runs) if getattr(run, key) == group]
        rest = [run for run in runs if getattr(run, key) != group]
        held_out[places] = errors([runs[place] for place in places], fit(rest))
    return held_out


def spread(runs: Sequence[Run]) -> float:
    """Half the width of the 90 % range, in logarithms, from the errors on unseen publications."""
    return T95 * float(np.sqrt(np.mean(held_out_errors(runs) ** 2)))


def held_out_coverage(runs: Sequence[Run]) -> float:
    """Share of runs within the range of a fit, and of a width, that have seen no run of their publication."""
    inside = 0
    for publication in dict.fromkeys(run.publication for run in runs):
        own = [run for run in runs if run.publication == publication]
        rest = [run for run in runs if run.publication != publication]
        inside += int(np.sum(np.abs(errors(own, fit(rest))) <= spread(rest)))
    return inside / len(runs)


def median_factor(log_errors: Array) -> float:
    """Median error as a factor."""
    return math.exp(float(np.median(np.abs(log_errors))))


def table(runs: Sequence[Run]) -> list[dict[str, str]]:
    """Rows of the reference table."""
    coefficients, width = fit(runs), spread(runs)
    rows = []
    for family in (*FAMILIES, "other"):
        for mixture in (False, True):
            seen = [run for run in runs if run.family == family and run.mixture == mixture]
            offset = coefficients[2 + FAMILIES.index(family)] if family in FAMILIES else 0.0
            central = math.exp(coefficients[0] + coefficients[1] * mixture + offset)
            half = width if family in FAMILIES else math.hypot(width, T95 * UNKNOWN_FAMILY_SD)
            sources = dict.fromkeys(source for run in (seen or runs) for source in run.source_ids)
            rows.append(
                {
                    "id": f"{family}-{'mixture' if mixture else 'dense'}",
                    "accelerator_families": COVERS[family],
                    "mixture": str(int(mixture)),
                    "low": f"{central * math.exp(-half):.3f}",
                    "central": f"{central:.3f}",
                    "high": f"{central * math.exp(half):.3f}",
                    "unit": "1",
                    "runs_count": str(len(seen)),
                    "publications_count": str(len({run.publication for run in seen})),
                    "quality": "modelled",
                    "note": "fitted on published device-hours"
                    if seen
                    else "no run of this kind: the offsets of its family and of mixtures are joined",
                    "source_ids": ";".join(sources),
                }
            )
    return rows


def table_text() -> str:
    """The reference table as it is committed."""
    rows = table(read_runs("fit"))
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    return "\n".join(lines) + "\n"


def predicted_hours(run: Run, coefficients: Array) -> float:
    """Device-hours that the fit predicts."""
    mfu = math.exp(float((_design([run]) @ coefficients)[0]))
    return float(flop_accelerator_hours(total_flop=run.total_flop, peak_flops=run.peak_flops, mfu=mfu))


def report() -> str:
    """Errors and coverage, in-sample, on unseen publications and on the runs held out."""
    runs, others = read_runs("fit"), read_runs("holdout")
    coefficients, width = fit(runs), spread(runs)
    seen, unseen, held = errors(runs, coefficients), held_out_errors(runs), errors(others, coefficients)

    by_house = held_out_errors(runs, "organisation")

    def line(name: str, log_errors: Array, coverage: float) -> str:
        return (
            f"{name:<28} n={len(log_errors):<3} median factor {median_factor(log_errors):.2f}  covered {coverage:.0%}"
        )

    return "\n".join(
        (
            f"publications: {len({run.publication for run in runs})}, range: x/÷ {math.exp(width):.2f}",
            line("in-sample", seen, float(np.mean(np.abs(seen) <= width))),
            line("leave one publication out", unseen, held_out_coverage(runs)),
            line("leave one organisation out", by_house, float(np.mean(np.abs(by_house) <= width))),
            line("held out, never fitted", held, float(np.mean(np.abs(held) <= width))),
            *(
                f"  {run.id:<18} MFU {run.mfu:.3f}  hours {run.accelerator_hours:.4g}"
                f"  predicted {predicted_hours(run, coefficients):.4g}"
                for run in others
            ),
        )
    )


if __name__ == "__main__":
    TABLE.write_text(table_text(), encoding="utf-8")
    sys.stdout.write(report() + "\n")
