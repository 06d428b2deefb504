"""The page of a run in the eyes of other tools."""

import uuid

import pytest
from django.test import Client

from estimator import services as estimates
from estimator.core.peers import PEERS
from estimator.models import Estimate
from estimator.reference import catalogue
from estimator.reference.resolve import factors_for
from reports import quantities
from reports.comparison import PeerRow, peer_rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis_url")]


def rows() -> tuple[PeerRow, ...]:
    return peer_rows(
        estimates.EXAMPLE,
        factors_for(estimates.EXAMPLE),
        estimates.example_footprint(),
        known_sources=catalogue.sources(),
        translate=str,
        format_number=quantities.in_text,
    )


def test_every_tool_is_told_and_those_that_can_speak_come_first() -> None:
    said = rows()
    assert {row.id for row in said} == {peer.id for peer in PEERS}
    spoken = [row.total_kgco2e is not None for row in said]
    assert spoken == sorted(spoken, reverse=True)
    for row in said:
        assert all("%(" not in reason.text for reason in row.reasons)
        assert row.reasons or row.remarks


def test_strubell_differs_from_its_own_example_by_the_hardware_alone() -> None:
    strubell = next(row for row in rows() if row.id == "strubell")
    footprint = estimates.example_footprint()
    assert strubell.facility_energy_kwh == pytest.approx(footprint.result.facility_energy_kwh.central, rel=1e-12)
    assert strubell.total_kgco2e == pytest.approx(footprint.result.operational_location_based_kgco2e.central, rel=1e-3)


def test_from_the_estimate_to_the_page(client: Client) -> None:
    row = estimates.submit_estimate(workload=estimates.EXAMPLE)
    waiting = client.get(f"/estimates/{row.id}/methods/")
    assert (waiting.status_code, waiting["Location"]) == (302, f"/estimates/{row.id}/")
    estimates.run_estimate(estimate_id=row.id, worker="test")
    assert f'href="/estimates/{row.id}/methods/"' in client.get(f"/estimates/{row.id}/").content.decode()
    page = client.get(f"/estimates/{row.id}/methods/")
    assert page.status_code == 200 and page["X-Robots-Tag"] == "noindex"
    for peer in PEERS:
        assert peer.name in page.content.decode()


def test_a_name_that_the_catalogue_lost_is_said(client: Client) -> None:
    row = estimates.submit_estimate(workload=estimates.EXAMPLE)
    estimates.run_estimate(estimate_id=row.id, worker="test")
    inputs = Estimate.objects.get(pk=row.id).inputs
    inputs["hardware"]["accelerator"] = "nobody-knows"
    Estimate.objects.filter(pk=row.id).update(inputs=inputs)
    assert b"does not know any more" in client.get(f"/estimates/{row.id}/methods/").content


def test_unknown_ones_are_not_found(client: Client) -> None:
    assert client.get(f"/estimates/{uuid.uuid4()}/methods/").status_code == 404
