"""Table 3 again, through the doors that people use: the API and the form give what the core gives."""

import json

import pytest
from django.test import Client

from estimator import services
from estimator.core.units import KG_PER_LB
from estimator.forms.workload import initial_of
from estimator.models import Estimate
from tests.golden.cases import StrubellCase, as_printed, strubell_cases

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]

cases = pytest.mark.parametrize("case", strubell_cases(), ids=lambda case: case.id)


@cases
def test_by_the_api(client: Client, case: StrubellCase) -> None:
    answer = client.post("/api/v1/calculate", json.dumps(case.body()), content_type="application/json")
    assert answer.status_code == 200, answer.content
    result = answer.json()["result"]
    energy_kwh = result["facility_energy_kwh"]["central"]
    emissions_lb = result["operational_location_based_kgco2e"]["central"] / KG_PER_LB
    assert energy_kwh == pytest.approx(case.facility_energy_kwh, rel=1e-12)
    assert emissions_lb == pytest.approx(case.operational_lb, rel=1e-12)
    assert as_printed(energy_kwh, case.published_facility_energy_kwh)
    assert as_printed(emissions_lb, case.published_lb)
    assert as_printed(result["cloud_cost_usd"]["low"], case.published_cloud_cost_low_usd)
    assert as_printed(result["cloud_cost_usd"]["high"], case.published_cloud_cost_high_usd)


@cases
def test_by_the_form(client: Client, case: StrubellCase) -> None:
    typed = {name: text for name, text in initial_of(case.workload()).items() if text not in (None, "", False)}
    answer = client.post("/", typed)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    row = Estimate.objects.get()
    assert services.run_estimate(estimate_id=row.id, worker="a@host")
    row.refresh_from_db()
    footprint = row.result()
    assert footprint is not None
    # The form writes the grid's intensity in decimals as a person would; the paper's 0.954 lb has more.
    emissions_lb = footprint.result.operational_location_based_kgco2e.central / KG_PER_LB
    assert footprint.result.facility_energy_kwh.central == pytest.approx(case.facility_energy_kwh, rel=1e-12)
    assert emissions_lb == pytest.approx(case.operational_lb, rel=1e-9)
    assert as_printed(footprint.result.facility_energy_kwh.central, case.published_facility_energy_kwh)
    assert as_printed(emissions_lb, case.published_lb)
