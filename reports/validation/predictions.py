"""What was published, predicted by fits that have not seen it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median

from estimator.core.flops import flop_accelerator_hours
from estimator.core.footprint import Range
from estimator.reference.published import PredictedTraining, predicted_serving, predicted_training


@dataclass(frozen=True, slots=True)
class Prediction:
    """One published amount and what was predicted for it without it."""

    id: str
    name: str
    detail: str  #: the accelerator, or the task
    group: str  #: what the fit has not seen: the publication or the model
    published: float
    predicted: Range
    source_ids: tuple[str, ...]

    @property
    def factor(self) -> float:
        """By how much it is off, at least 1."""
        ratio = self.predicted.central / self.published
        return max(ratio, 1.0 / ratio)

    @property
    def is_inside(self) -> bool:
        """Whether the range holds what was published."""
        return self.predicted.low <= self.published <= self.predicted.high


@dataclass(frozen=True, slots=True)
class Score:
    """How good a set of predictions is."""

    count: int
    groups_count: int
    median_factor: float
    inside_count: int

    @property
    def coverage(self) -> float:
        """Share of the published amounts that the range holds."""
        return self.inside_count / self.count


def score(predictions: Sequence[Prediction]) -> Score:
    """
    Median error and coverage.

    Parameters
    ----------
    predictions : sequence of Prediction
        At least one.

    Returns
    -------
    Score
        The median is that of the logarithms, as in the fits.
    """
    return Score(
        count=len(predictions),
        groups_count=len({prediction.group for prediction in predictions}),
        median_factor=math.exp(median(math.log(prediction.factor) for prediction in predictions)),
        inside_count=sum(prediction.is_inside for prediction in predictions),
    )


@lru_cache(maxsize=1)
def training_predictions() -> tuple[Prediction, ...]:
    """Accelerator hours of runs whose publication was left out of the fit."""
    return tuple(_training(row) for row in predicted_training() if row.use == "fit")


@lru_cache(maxsize=1)
def training_predictions_held_out() -> tuple[Prediction, ...]:
    """Accelerator hours of runs that no fit ever saw."""
    return tuple(_training(row) for row in predicted_training() if row.use == "holdout")


def _training(row: PredictedTraining) -> Prediction:
    def hours(mfu: float) -> float:
        return float(flop_accelerator_hours(total_flop=row.total_flop, peak_flops=row.peak_flops, mfu=mfu))

    return Prediction(
        id=row.id,
        name=row.name,
        detail=row.accelerator,
        group=row.publication,
        published=row.published_accelerator_hours,
        # The better it is used, the fewer hours.
        predicted=Range(low=hours(row.high), central=hours(row.central), high=hours(row.low)),
        source_ids=row.source_ids,
    )


@lru_cache(maxsize=1)
def serving_predictions() -> tuple[Prediction, ...]:
    """Energy of one output token of models that were left out of the fit, in joules of the accelerators."""
    return tuple(
        Prediction(
            id=row.id,
            name=row.name,
            detail=f"{row.task}, {row.accelerator_count} × {row.accelerator}",
            group=row.name,
            published=row.measured_j,
            predicted=Range(low=row.low, central=row.central, high=row.high),
            source_ids=row.source_ids,
        )
        for row in predicted_serving()
    )
