"""Published pairs of before and after: each lies within the range that is stated for the same lever on such a run."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from estimator.core.levers.registry import LEVERS
from estimator.reference import catalogue
from tests.core.levers_cases import RUNS, footprint, with_fields

with (Path(__file__).parent / "levers.csv").open(encoding="utf-8", newline="") as file:
    PAIRS = list(csv.DictReader(file))
#: Pairs are printed with few digits, and percentiles of 10,000 draws are no better.
PRINTED = 0.01


def ratios(pair: dict[str, str]) -> tuple[float, float]:
    """Lowest and highest ratio of after to before, as it is stated."""
    levers = json.loads(pair["levers"])
    if pair["quantity"].startswith("evidence "):
        quantity = pair["quantity"].removeprefix("evidence ")
        (row,) = [row for row in catalogue.shelf().lever_rows if (row.lever, row.quantity) == (pair["lever"], quantity)]
        return row.low, row.high
    fields: dict[str, Any] = json.loads(pair["fields"] or "{}")
    # What is published is energy, or the emissions of it.
    body = with_fields(RUNS[pair["run"]], **fields, embodied={"include": False})
    found = footprint(body, *levers, draws_count=10_000)
    if pair["quantity"] == "market":
        saved = found.levers[0].market_based_saving_kgco2e
        assert saved is not None
        before = found.result.operational_location_based_kgco2e.central
        return 1.0 - saved.central / before, 1.0 - saved.central / before
    assert found.levers_together is not None
    share = found.levers_together.saving_share
    return 1.0 - share.high, 1.0 - share.low


@pytest.mark.parametrize("pair", PAIRS, ids=[pair["id"] for pair in PAIRS])
def test_a_published_pair_lies_within_the_range(pair: dict[str, str]) -> None:
    low, high = ratios(pair)
    published = float(pair["published_ratio"])
    assert low * (1.0 - PRINTED) <= published <= high * (1.0 + PRINTED), (low, published, high)
    if pair["effect"] == "nothing":
        assert low <= 1.0 <= high * (1.0 + PRINTED)


def test_each_lever_has_three_pairs_and_one_in_which_it_saves_nothing() -> None:
    pairs = Counter(pair["lever"] for pair in PAIRS)
    assert set(pairs) == set(LEVERS)
    assert min(pairs.values()) >= 3
    assert {pair["lever"] for pair in PAIRS if pair["effect"] != "saves"} == set(LEVERS)
    for pair in PAIRS:
        assert (float(pair["published_ratio"]) < 1.0) == (pair["effect"] == "saves")


def test_each_pair_names_its_source() -> None:
    for pair in PAIRS:
        assert set(pair["source_ids"].split(";")) <= set(catalogue.sources()), pair["id"]
