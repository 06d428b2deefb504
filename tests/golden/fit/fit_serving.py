"""
Fit of the efficiencies of serving language models: from `serving_runs.csv` to the table `inference_calibration.csv`.

Run `python -m tests.golden.fit.fit_serving` from the top of the repository; it is deterministic and rewrites the table.

What is fitted: seven efficiencies on the time of a token, then three shares of the board's limit on the draw, each by
Gauss-Newton steps in logarithms (times) or as they are (draws). Each has a prior from what is known of the hardware, as
the runs are few and alike: H100 boards at the most efficient batch of each model. The range is that of the errors on
models that were not seen.

The lengths of the prompts are not published beside the runs: 200 tokens are assumed for chat and 300 for questions.
Tasks that are not measured by the token (images, videos, classification) are summarised from `task_energies.csv`.
"""

import csv
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from estimator.core import flops, inference, serving
from estimator.core.units import Quantity

Array = npt.NDArray[np.float64]
Row = dict[str, str]

FOLDER: Final = Path(__file__).parent
RUNS: Final = FOLDER / "serving_runs.csv"
TASKS: Final = FOLDER / "task_energies.csv"
TABLE: Final = FOLDER.parents[2] / "estimator" / "reference" / "data" / "inference_calibration.csv"

#: Limit [W], dense 16-bit and 8-bit peaks [FLOP/s], bandwidth [GB/s] and memory [GB] of the boards of the runs.
BOARDS: Final = {
    "H100": {"tdp_w": 700.0, "peak_fp16_flops": 989.4e12, "peak_int8_flops": 1979e12, "bandwidth": 3350.0},
}

#: Name, prior, standard deviation of its logarithm, unit and what the prior is.
TIMES: Final = (
    ("memory_efficiency", 0.75, 0.3, "1", "copying benchmarks reach 0.7 to 0.9 of the bandwidth"),
    ("compute_efficiency", 0.5, 0.4, "1", "large matrix products in a serving batch"),
    ("split_penalty", 0.1, 0.7, "1", "each doubling of the accelerators"),
    ("split_mixture_factor", 3.0, 0.7, "1", "tokens travel to experts on other accelerators"),
    ("layer_overhead_s", 30e-6, 0.7, "s", "launches of a few kernels"),
    ("split_layer_overhead_s", 30e-6, 0.7, "s", "two exchanges in each layer"),
    ("split_mixture_layer_overhead_s", 100e-6, 0.7, "s", "two more exchanges and the waiting for the slowest expert"),
)
#: Name, prior and standard deviation of the shares of the board's limit.
DRAWS: Final = (
    ("memory_bound_draw", 0.62, 0.10, "memory-bound boards draw 0.6 to 0.8 of their limit"),
    ("compute_bound_draw", 0.95, 0.05, "compute-bound boards run at their limit"),
    ("overhead_draw", 0.50, 0.10, "between idle and memory-bound"),
)
TIME_ERROR: Final = 0.25
DRAW_ERROR: Final = 0.06
MOST_STEPS: Final = 60
SETTLED: Final = 1e-7
#: Student's t at 95 % for about fifteen models.
T95: Final = 1.75


def read(path: Path) -> list[Row]:
    """Rows of a file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Runs:
    """Measured runs as columns."""

    def __init__(self, rows: Sequence[Row]) -> None:
        def column(name: str) -> Array:
            return np.array([float(row[name]) for row in rows])

        boards = [BOARDS[row["accelerator"]] for row in rows]
        self.models = [row["model"] for row in rows]
        self.parameters_count = column("parameters_count")
        self.active_parameters_count = column("active_parameters_count")
        self.accelerator_count = column("accelerator_count")
        self.batch_size = column("batch_size")
        self.input_tokens = column("input_tokens")
        self.output_tokens = column("output_tokens")
        self.energy_j_per_output_token = column("energy_j_per_output_token")
        self.power_w = column("power_w")
        self.tdp_w = np.array([board["tdp_w"] for board in boards])
        self.bandwidth_gb_per_s = np.array([board["bandwidth"] for board in boards])
        self.peak_flops = np.array(
            [
                flops.serving_peak_flops(
                    precision=row["precision"],  # type: ignore[arg-type]
                    peak_fp16_flops=board["peak_fp16_flops"],
                    peak_int8_flops=board["peak_int8_flops"],
                )
                for row, board in zip(rows, boards, strict=True)
            ]
        )
        self.bytes_per_parameter = np.array(
            [serving.BYTES_PER_PARAMETER[row["precision"]] for row in rows]  # type: ignore[index]
        )

    @property
    def accelerator_s_per_output_token(self) -> Array:
        """Measured, as energy over draw, for all accelerators together."""
        seconds: Array = self.accelerator_count * self.energy_j_per_output_token / self.power_w
        return seconds

    @property
    def draw(self) -> Array:
        """Measured share of the limit."""
        share: Array = self.power_w / (self.accelerator_count * self.tdp_w)
        return share


def request_times_s(runs: Runs, times: Array) -> dict[str, Quantity]:
    """The three parts of the accelerator time of a request, by the functions of core."""
    value = dict(zip((name for name, *_ in TIMES), times, strict=True))
    layers = flops.layer_count_estimate(parameters_count=runs.parameters_count)
    size: dict[str, Any] = {
        "parameters_count": runs.parameters_count,
        "active_parameters_count": runs.active_parameters_count,
    }
    return {
        "memory_bound_s": inference.memory_bound_s(
            output_tokens=runs.output_tokens,
            weights_read_gb=serving.weights_read_gb(
                **size, batch_size=runs.batch_size, bytes_per_parameter=runs.bytes_per_parameter
            ),
            kv_cache_gb=serving.kv_cache_gb(
                active_parameters_count=runs.active_parameters_count,
                context_tokens=serving.mean_context_tokens(
                    input_tokens=runs.input_tokens, output_tokens=runs.output_tokens
                ),
            ),
            batch_size=runs.batch_size,
            accelerator_count=runs.accelerator_count,
            memory_bandwidth_gb_per_s=runs.bandwidth_gb_per_s,
            memory_efficiency=value["memory_efficiency"],
            split_penalty=value["split_penalty"],
        ),
        "compute_bound_s": inference.compute_bound_s(
            request_flop=flops.request_flop(
                active_parameters_count=runs.active_parameters_count,
                input_tokens=runs.input_tokens,
                output_tokens=runs.output_tokens,
                layer_count=layers,
                model_width=flops.model_width_estimate(
                    active_parameters_count=runs.active_parameters_count, layer_count=layers
                ),
            ),
            peak_flops=runs.peak_flops,
            compute_efficiency=value["compute_efficiency"],
            accelerator_count=runs.accelerator_count,
            split_penalty=value["split_penalty"],
            split_mixture_factor=value["split_mixture_factor"],
            **size,
        ),
        "step_overhead_s": inference.step_overhead_s(
            output_tokens=runs.output_tokens,
            batch_size=runs.batch_size,
            layer_count=layers,
            accelerator_count=runs.accelerator_count,
            layer_overhead_s=value["layer_overhead_s"],
            split_layer_overhead_s=value["split_layer_overhead_s"],
            split_mixture_layer_overhead_s=value["split_mixture_layer_overhead_s"],
            **size,
        ),
    }


def accelerator_s_per_output_token(runs: Runs, times: Array) -> Array:
    """Predicted accelerator time of a token."""
    seconds = inference.request_accelerator_s(**request_times_s(runs, times)) / runs.output_tokens
    return np.asarray(seconds, dtype=float)


def energy_j_per_output_token(runs: Runs, times: Array, draws: Array) -> Array:
    """Predicted energy of a token."""
    energy = inference.request_energy_j(
        **request_times_s(runs, times),
        tdp_w=runs.tdp_w,
        **dict(zip((name for name, *_ in DRAWS), draws, strict=True)),
    )
    return np.asarray(energy / runs.output_tokens, dtype=float)


def gauss_newton(
    predicted: Callable[[Array], Array], measured: Array, prior: Array, prior_sd: Array, error: float
) -> Array:
    """Most probable parameters, from steps that begin at the prior."""
    point = prior.copy()
    for _ in range(MOST_STEPS):
        slopes = np.array(
            [(predicted(point + nudge) - predicted(point - nudge)) / 2e-4 for nudge in np.eye(len(point)) * 1e-4]
        ).T
        curvature = slopes.T @ slopes / error**2 + np.diag(prior_sd**-2.0)
        pull = slopes.T @ (measured - predicted(point)) / error**2 - (point - prior) / prior_sd**2
        step = np.linalg.solve(curvature, pull)
        point = point + step
        if np.max(np.abs(step)) < SETTLED:
            break
    return point


def fit(runs: Runs) -> tuple[Array, Array]:
    """Efficiencies of time, and shares of the limit."""
    times = np.exp(
        gauss_newton(
            lambda point: np.log(accelerator_s_per_output_token(runs, np.exp(point))),
            np.log(runs.accelerator_s_per_output_token),
            np.log([prior for _, prior, *_ in TIMES]),
            np.array([deviation for _, _, deviation, *_ in TIMES]),
            TIME_ERROR,
        )
    )
    predicted_s = accelerator_s_per_output_token(runs, times)
    draws = gauss_newton(
        lambda point: energy_j_per_output_token(runs, times, point) / (predicted_s * runs.tdp_w),
        runs.draw,
        np.array([prior for _, prior, *_ in DRAWS]),
        np.array([deviation for _, _, deviation, *_ in DRAWS]),
        DRAW_ERROR,
    )
    return times, np.minimum(draws, 1.0)


def errors(runs: Runs, times: Array, draws: Array) -> Array:
    """Logarithm of the measured energy of a token over the predicted one."""
    log_errors: Array = np.log(runs.energy_j_per_output_token / energy_j_per_output_token(runs, times, draws))
    return log_errors


def held_out_errors(rows: Sequence[Row], key: str = "model") -> Array:
    """Errors of each run under a fit that has seen no run of its model."""
    held_out = np.empty(len(rows))
    for group in dict.fromkeys(row[key] for row in rows):
        places = [place for place, row in enumerate(rows) if row[key] == group]
        rest = [row for row in rows if row[key] != group]
        held_out[places] = errors(Runs([rows[place] for place in places]), *fit(Runs(rest)))
    return held_out


def spread(log_errors: Array) -> float:
    """Half the width of the 90 % range, in logarithms."""
    return T95 * float(np.sqrt(np.mean(log_errors**2)))


def held_out_coverage(rows: Sequence[Row]) -> float:
    """Share of runs within the range of a fit, and of a width, that have seen no run of their model."""
    inside = 0
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        rest = [row for row in rows if row["model"] != model]
        inside += int(np.sum(np.abs(errors(Runs(own), *fit(Runs(rest)))) <= spread(held_out_errors(rest))))
    return inside / len(rows)


def median_factor(log_errors: Array) -> float:
    """Median error as a factor."""
    return math.exp(float(np.median(np.abs(log_errors))))


def task_rows() -> list[Row]:
    """Energy of one item of each task: median and 90 % range between models."""
    z95 = 1.6449
    published = read(TASKS)
    rows = []
    for task in dict.fromkeys(row["task"] for row in published):
        own = [row for row in published if row["task"] == task]
        singles = np.log([float(row["mean_wh_per_item"]) for row in own if not row["sd_wh_per_item"]])
        means = [row for row in own if row["sd_wh_per_item"]]
        bounds, centres = [], []
        if means:
            mean, deviation = float(means[0]["mean_wh_per_item"]), float(means[0]["sd_wh_per_item"])
            # A log-normal of this mean and deviation: energies of models are skewed, and never negative.
            sigma = math.sqrt(math.log1p((deviation / mean) ** 2))
            centre = math.log(mean) - sigma**2 / 2.0
            centres.append(centre)
            bounds += [centre - z95 * sigma, centre + z95 * sigma]
        if len(singles):
            centres.append(float(np.mean(singles)))
            bounds += [float(singles.min()), float(singles.max())]
        boundary = "servers" if means else "accelerators"
        rows.append(
            {
                "id": task,
                "kind": "task",
                "low": f"{math.exp(min(bounds)):.3g}",
                "central": f"{math.exp(sum(centres) / len(centres)):.3g}",
                "high": f"{math.exp(max(bounds)):.3g}",
                "unit": "Wh",
                "boundary": boundary,
                "quality": "modelled",
                "note": "between models; energy of one item",
                "source_ids": ";".join(dict.fromkeys(row["source_ids"] for row in own)),
            }
        )
    return rows


def table_text() -> str:
    """The reference table as it is committed."""
    rows = read(RUNS)
    times, draws = fit(Runs(rows))
    half = spread(held_out_errors(rows))
    lines: list[Row] = []

    def parameter(name: str, low: float, central: float, high: float, unit: str, note: str) -> None:
        lines.append(
            {
                "id": name,
                "kind": "parameter",
                "low": f"{low:.3g}",
                "central": f"{central:.3g}",
                "high": f"{high:.3g}",
                "unit": unit,
                "boundary": "accelerators",
                "quality": "modelled",
                "note": note,
                "source_ids": "ml-energy-2026",
            }
        )

    for (name, prior, _, unit, why), value in zip(TIMES, times, strict=True):
        parameter(name, value, value, value, unit, f"fitted; prior {prior:g}: {why}")
    for (name, prior, _, why), value in zip(DRAWS, draws, strict=True):
        parameter(name, value, value, value, "1", f"fitted; prior {prior:g}: {why}")
    parameter(
        "model_error_factor",
        math.exp(-half),
        1.0,
        math.exp(half),
        "1",
        "errors on models that the fit had not seen; the parameters above carry no range of their own",
    )
    lines += task_rows()
    return "\n".join([",".join(lines[0]), *(",".join(_cell(cell) for cell in row.values()) for row in lines)]) + "\n"


def _cell(text: str) -> str:
    return f'"{text}"' if "," in text else text


def report() -> str:
    """Errors and coverage, in-sample and on unseen models, and tasks."""
    rows = read(RUNS)
    runs = Runs(rows)
    seen, unseen, by_task = errors(runs, *fit(runs)), held_out_errors(rows), held_out_errors(rows, "task")
    half = spread(unseen)
    lines = [f"models: {len(set(runs.models))}, range: x/÷ {math.exp(half):.2f}"]
    for name, log_errors, covered in (
        ("in-sample", seen, float(np.mean(np.abs(seen) <= half))),
        ("leave one model out", unseen, held_out_coverage(rows)),
        ("leave one task out", by_task, float(np.mean(np.abs(by_task) <= half))),
    ):
        lines.append(
            f"{name:<24} n={len(log_errors):<3} median x/÷ {median_factor(log_errors):.2f}  covered {covered:.0%}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    TABLE.write_text(table_text(), encoding="utf-8")
    sys.stdout.write(report() + "\n")
