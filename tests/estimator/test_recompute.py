"""A stored estimate is computed anew by the tables of then and of now."""

import csv
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from estimator import services
from estimator.core.inputs import Workload
from estimator.models import Dataset, Estimate
from estimator.reference import catalogue
from estimator.services import datasets
from estimator.services.datasets import DatasetUnknown, shelf_of
from estimator.services.recompute import NothingStored, recompute_estimate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]

RUN = Workload.model_validate(
    {
        "hardware": {"accelerator": "nvidia-a100-sxm4-80gb", "accelerator_count": 8},
        "duration_h": 10,
        "location": {"country": "FR"},
        "levers": [{"lever": "region", "location": {"country": "SE"}}],
    }
)


@pytest.fixture(autouse=True)
def _nothing_kept_yet() -> Iterator[None]:
    datasets._keep.cache_clear()
    datasets._opened.cache_clear()
    yield
    datasets._keep.cache_clear()
    datasets._opened.cache_clear()


def done(workload: Workload = RUN) -> Estimate:
    row = services.submit_estimate(workload=workload)
    assert services.run_estimate(estimate_id=row.id, worker="a@host")
    return Estimate.objects.get(pk=row.id)


@pytest.fixture
def own_tables(tmp_path: Path) -> Iterator[Path]:
    """An installation whose operator lays a table of their own over the shipped ones, afterwards."""
    yield tmp_path / "reference"
    catalogue.use_operator_folder(None)


def lay_over(folder: Path) -> None:
    """A draw of our own for the A100."""
    folder.mkdir(exist_ok=True)
    with (catalogue.DATA_FOLDER / "accelerators.csv").open(newline="") as shipped:
        row = next(row for row in csv.DictReader(shipped) if row["id"] == "nvidia-a100-sxm4-80gb")
    with (folder / "accelerators.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, list(row))
        writer.writeheader()
        writer.writerow(row | {"tdp_w": "500"})
    catalogue.use_operator_folder(folder)


def test_by_the_same_tables_it_is_equal_to_the_last_digit() -> None:
    row = done()
    anew = recompute_estimate(estimate_id=row.id)
    assert anew.is_equal
    assert anew.after == anew.before
    assert Dataset.objects.get().version == row.dataset_version == catalogue.dataset_version()


def test_tables_of_then_stay_when_the_tables_change(own_tables: Path) -> None:
    row = done()
    lay_over(own_tables)
    assert catalogue.dataset_version() != row.dataset_version
    then = recompute_estimate(estimate_id=row.id, dataset_version=row.dataset_version)
    assert then.is_equal
    assert then.after == then.before
    now = recompute_estimate(estimate_id=row.id)
    found = {one.name: one for one in now.differences}
    assert found["accelerator_energy_kwh"].ratio == pytest.approx(500 / 400, rel=1e-9)
    assert now.after.dataset_version == catalogue.dataset_version()
    assert (settings.DATA_DIR / "datasets" / row.dataset_version / "shipped" / "grids.csv").exists()


def test_a_version_that_never_computed_here_is_unknown() -> None:
    with pytest.raises(DatasetUnknown):
        shelf_of(version="0" * 12)


def test_nothing_stored_is_nothing_to_compute_anew() -> None:
    with pytest.raises(NothingStored):
        recompute_estimate(estimate_id=services.submit_estimate(workload=RUN).id)


def test_the_api_says_what_differs(client: Client, own_tables: Path) -> None:
    row = done()
    address = f"/api/v1/estimates/{row.id}/recompute"

    def asked(body: object = None) -> tuple[int, Any]:
        data = "" if body is None else json.dumps(body)
        answer = client.post(address, data=data, content_type="application/json")
        return answer.status_code, answer.json()

    status, anew = asked()
    assert (status, anew["is_equal"], anew["differences"]) == (200, True, [])
    assert anew["footprint"]["input_digest"] == row.input_digest
    lay_over(own_tables)
    status, anew = asked({"dataset_version": None})
    assert (status, anew["is_equal"], anew["before_dataset_version"]) == (200, False, row.dataset_version)
    assert anew["differences"][0]["name"] == "accelerator_energy_kwh"
    status, anew = asked({"dataset_version": row.dataset_version})
    assert (status, anew["is_equal"]) == (200, True)
    status, anew = asked({"dataset_version": "nonsense"})
    assert (status, anew["error"]["fields"][0]["path"]) == (422, "dataset_version")
    assert (
        client.post(f"/api/v1/estimates/{uuid.uuid4()}/recompute", content_type="application/json").status_code == 404
    )
    waiting = Estimate.objects.create(inputs={}, input_digest="0" * 64, created_at=timezone.now())
    address = f"/api/v1/estimates/{waiting.id}/recompute"
    assert asked()[0] == 409
