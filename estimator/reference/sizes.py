"""How large a model is and what its training took: given, or that of a published model."""

from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Final

from estimator.core.footprint import Assumption, Quality, gettext_noop
from estimator.core.inputs import Workload
from estimator.reference.assume import assumption, certain
from estimator.reference.shelf import Shelf
from estimator.reference.tables import ModelRow

#: How close a given size must be to that of the preset to mean the same model: people round.
SAME_SIZE: Final = 0.05

_OF_PRESET: Final = gettext_noop("That of %(model)s.")
_ASSUMED: Final = gettext_noop("The vendor of %(model)s publishes no size: this is what others assume.")
_ASSUMED_RANGE: Final = gettext_noop(
    "The vendor of %(model)s publishes no size: the middle, in ratios, of the range that others assume."
)
_DENSE: Final = gettext_noop("All parameters are active: no mixture of experts is given.")


@dataclass(frozen=True, slots=True)
class ModelSize:
    """What is known of a model; None where it is not."""

    parameters: Assumption | None = None
    active: Assumption | None = None
    tokens: Assumption | None = None
    total_flop: Assumption | None = None  #: where operations are published and tokens are not

    @property
    def is_mixture(self) -> bool:
        """Whether only a part of the parameters works on one token."""
        return self.parameters is not None and self.active is not None and self.active.value < self.parameters.value


def model_size(workload: Workload, row: ModelRow | None, shelf: Shelf) -> ModelSize:
    """
    Parameters, active parameters and tokens of a workload; what is given beats what a published model has.

    Parameters
    ----------
    workload : Workload
        The run as its user describes it.
    row : ModelRow or None
        The published model that it names.
    shelf : Shelf
        The reference data.

    Returns
    -------
    ModelSize
        Each number with its source.
    """
    model = workload.model
    known = _published(shelf, row.id) if row is not None else ModelSize()
    if row is not None and not _is_same(model.parameters_count, row.parameters_count):
        # Another size of the same name: nothing else of the published one is known to hold.
        known = ModelSize()
    parameters = known.parameters
    if model.parameters_count is not None:
        parameters = certain("parameters_count", float(model.parameters_count))
    if model.active_parameters_count is not None:
        active: Assumption | None = certain("active_parameters_count", float(model.active_parameters_count))
        parameters = parameters or certain("parameters_count", float(model.active_parameters_count))
    else:
        active = known.active
        if active is None and parameters is not None:
            active = certain("active_parameters_count", parameters.value, status="default", note=_DENSE)
    if parameters is not None and active is not None and active.value > parameters.value:
        active = certain("active_parameters_count", parameters.value)
    tokens = known.tokens
    if model.training_tokens is not None:
        tokens = certain("training_tokens", float(model.training_tokens))
    return ModelSize(
        parameters=parameters,
        active=active,
        tokens=tokens,
        total_flop=known.total_flop if tokens is None and model.active_parameters_count is None else None,
    )


def _is_same(given_count: int | None, published_count: int | None) -> bool:
    if given_count is None:
        return True
    return published_count is not None and abs(given_count - published_count) <= SAME_SIZE * published_count


@lru_cache(maxsize=256)
def _published(shelf: Shelf, model_id: str) -> ModelSize:
    row = shelf.model_names.find(model_id, path="model.preset").row
    quality: Quality = "guess" if row.size_basis == "assumed" else "rated"
    note = _ASSUMED if quality == "guess" else _OF_PRESET

    def found(name: str, count: float | None, low: float | None, high: float | None, text: str) -> Assumption | None:
        if count is None:
            return None
        return assumption(
            name,
            float(count),
            low=float(low or count),
            high=float(high or count),
            status="looked_up",
            match="exact",
            quality=quality,
            source_ids=row.source_ids,
            note=text,
            model=row.name,
        )

    active, low, high = row.active_parameters_count, row.active_parameters_low_count, row.active_parameters_high_count
    parameters = found("parameters_count", row.parameters_count, None, None, note)
    if active is None and low is not None and high is not None:
        of_active = found("active_parameters_count", sqrt(low * high), low, high, _ASSUMED_RANGE)
    else:
        of_active = found("active_parameters_count", active or row.parameters_count, low, high, note)
    tokens = found("training_tokens", row.training_tokens, None, None, _OF_PRESET)
    return ModelSize(
        parameters=parameters,
        active=of_active,
        tokens=tokens,
        total_flop=_published_flop(shelf, row) if tokens is None or of_active is None else None,
    )


def _published_flop(shelf: Shelf, row: ModelRow) -> Assumption | None:
    if row.total_flop is None:
        return None
    confidence = row.confidence if row.confidence in ("confident", "likely") else "speculative"
    spread = shelf.defaults[f"spread_model_flop_{confidence}"]
    return assumption(
        "total_flop",
        row.total_flop,
        low=row.total_flop * spread.low,
        high=row.total_flop * spread.high,
        status="looked_up",
        match="exact",
        quality=spread.quality,
        source_ids=tuple(dict.fromkeys((*row.source_ids, *spread.source_ids))),
        note=gettext_noop("Operations of the training of %(model)s as others estimate them."),
        model=row.name,
    )
