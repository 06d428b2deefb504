"""The page that says whether the figures of a report are those that are stored."""

import pytest
from django.test import Client

from estimator import services
from estimator.core.inputs import Workload
from estimator.models import Estimate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


@pytest.fixture
def estimate() -> Estimate:
    workload = Workload.model_validate(
        {"title": "A secret", "hardware": {"accelerator": "H100", "accelerator_count": 8}, "duration_h": 10}
    )
    row = services.submit_estimate(workload=workload)
    services.run_estimate(estimate_id=row.id, worker="a@host")
    return Estimate.objects.get(pk=row.id)


def test_figures_are_found_by_the_digest_and_computed_anew(client: Client, estimate: Estimate) -> None:
    page = client.get(f"/verify/{estimate.input_digest}")
    assert page.status_code == 200
    told = page.content.decode()
    assert "These figures are stored here" in told
    assert estimate.dataset_version in told
    # Whoever holds a report knows its figures; whose it is stays out of it.
    assert "A secret" not in told
    assert str(estimate.id) not in told
    anew = client.get(f"/verify/{estimate.input_digest}", {"with": "then"}).content.decode()
    assert "the same to the last digit" in anew


def test_a_figure_that_was_changed_in_the_database_is_seen(client: Client, estimate: Estimate) -> None:
    stored = estimate.footprint
    assert stored is not None
    stored["result"]["total_kgco2e"]["central"] *= 1.5
    estimate.save()
    anew = client.get(f"/verify/{estimate.input_digest}", {"with": "then"}).content.decode()
    assert "What differs when it is computed anew" in anew
    assert "Total emissions" in anew


def test_equal_versions_are_shown_once(client: Client, estimate: Estimate) -> None:
    again = services.submit_estimate(workload=estimate.workload())
    services.run_estimate(estimate_id=again.id, worker="a@host")
    told = client.get(f"/verify/{estimate.input_digest}").content.decode()
    assert told.count(f"dataset {estimate.dataset_version}") == 1


def test_unknown_and_mistyped_digests(client: Client) -> None:
    unknown = client.get(f"/verify/{'0' * 64}")
    assert unknown.status_code == 404
    assert "Nothing is stored under this digest" in unknown.content.decode()
    assert client.get("/verify/hello").status_code == 404
    assert client.get("/verify/", {"digest": "hello"}).status_code == 422
    spaced = client.get("/verify/", {"digest": f" {'A' * 32} {'A' * 32} "})
    assert (spaced.status_code, spaced.headers["Location"]) == (302, f"/verify/{'a' * 64}")
    assert client.get("/verify/").status_code == 200
