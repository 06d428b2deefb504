"""Budgets of a measurement: which one is meant, on its page, and by one mail each."""

import re
import smtplib
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from estimator.core.measuring import MeasurementRequest
from estimator.models import BudgetMail, Measurement
from estimator.services import budgets, measurements, workers
from estimator.services.mail import MAIL_AGAIN
from estimator.services.standing import standing_of
from tests.estimator.measuring import START_S, Caller, ann, desk, person, rows_of, send, token, worker
from tests.estimator.test_standing import words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]
#: Fixtures that are used by their names.
__all__ = ["ann", "desk", "person", "token", "worker"]


def asked(desk: workers.Enrolled, **named: Any) -> MeasurementRequest:
    place: dict[str, Any] = {"grid_intensity_gco2e_per_kwh": 100.0, "pue": 2.0}
    return MeasurementRequest.model_validate({"worker": str(desk.worker.pk)} | place | named)


def drawn(worker: Caller, row: Measurement, joules: float) -> None:
    """One sample more."""
    row.refresh_from_db()
    samples = rows_of(1, from_s=row.last_time_s or START_S, energies={"cpu_package:0": joules})
    assert send(worker, row.pk, row.next_sequence, samples)[0] == 200


def test_only_the_budget_in_danger_is_named_with_how_it_will_end(
    client: Client, ann: User, desk: workers.Enrolled, worker: Caller
) -> None:
    client.force_login(ann)
    said = asked(desk, budget_kwh=3e-4, budget_kgco2e=1.0, duration_s=10.0)
    row = measurements.request_measurement(owner=ann, asked=said)
    path = f"/measurements/{row.pk}/"
    drawn(worker, row, 177.84)  # 49.4 mWh in the first of ten seconds
    shown = words(client.get(path))
    assert "The budget of energy is about to be passed. 49.4 mWh of 300 mWh so far." in shown
    assert "If it goes on so: 494 mWh of 300 mWh at the end." in shown
    assert "It counts the machine's own energy, before PUE." in shown.replace("&#x27;", "'")
    assert "budget of CO₂e" not in shown
    drawn(worker, row, 1_080.0)
    shown = words(client.get(path))
    assert "The budget of energy is passed." in shown and "about to be" not in shown
    Measurement.objects.update(status="done")
    assert "If it goes on so" not in words(client.get(path))
    # That of emissions counts what the page shows: with the PUE that was given.
    Measurement.objects.update(budget_kwh=None, budget_kgco2e=5e-5, status="running", duration_limit_s=None)
    shown = words(client.get(path))
    assert "The budget of CO₂e is passed. 69.9 mg CO₂e of 50.0 mg CO₂e so far." in shown
    assert "budget of energy" not in shown


def test_a_budget_takes_the_limit_of_its_measurement_and_not_the_whole_run(
    client: Client, ann: User, desk: workers.Enrolled, worker: Caller
) -> None:
    client.force_login(ann)
    said = asked(desk, budget_kwh=0.1, budget_kgco2e=1e-4, duration_s=10.0, planned_h=2.0)
    row = measurements.request_measurement(owner=ann, asked=said)
    path = f"/measurements/{row.pk}/"
    drawn(worker, row, 180.0)  # 50 mWh a second: 0.5 Wh in ten of them, 360 Wh in two hours
    row.refresh_from_db()
    standing = standing_of(row)
    assert [one.at_end for one in standing.budgets] == pytest.approx([5e-4, 1e-4], rel=1e-9)
    assert [one.state for one in standing.budgets] == ["within", "within"]
    assert standing.projected_kwh == pytest.approx(0.36, rel=1e-9)
    shown = words(client.get(path))
    assert "In 2 h, if it goes on so, before PUE 360 Wh" in shown and "about to be passed" not in shown
    Measurement.objects.update(status="done")
    row.refresh_from_db()
    over = standing_of(row)
    assert ([one.at_end for one in over.budgets], over.projected_kwh) == ([None, None], standing.projected_kwh)
    # Without a limit, it is the run that is known to end.
    Measurement.objects.update(status="running", duration_limit_s=None)
    row.refresh_from_db()
    assert [one.state for one in standing_of(row).budgets] == ["soon", "soon"]


@pytest.fixture
def mailed(settings: Any, ann: User) -> None:
    """A site with a mail server, and an address that is confirmed."""
    settings.MAIL_IS_SET = True
    EmailAddress.objects.create(user=ann, email=ann.email, verified=True, primary=True)


@pytest.mark.usefixtures("mailed")
def test_the_owner_is_told_once_a_budget_and_in_her_language(
    client: Client, ann: User, desk: workers.Enrolled, worker: Caller, django_assert_num_queries: Any
) -> None:
    client.force_login(ann)
    form = {
        "worker": str(desk.worker.pk), "target": "machine", "interval_s": "1", "title": "try\x0bthis",
        "budget_kwh": "0.001", "budget_kgco2e": "0.001",
    }  # fmt: skip
    assert client.post("/measurements/new/", form, headers={"Accept-Language": "es"}).status_code == 302
    row = Measurement.objects.get()
    assert list(BudgetMail.objects.values_list("budget", "language", "site", "mail")) == [
        (name, "es", "http://testserver", "none") for name in ("budget_kwh", "budget_kgco2e")
    ]
    now = timezone.now() + timedelta(seconds=1)
    drawn(worker, row, 1_000.0)
    assert budgets.mail_budgets(now=now) == 0, "it is within both"
    for joules in (2_300.0, 100.0, 1_000.0):  # about to be passed, still so, passed
        drawn(worker, row, joules)
    assert budgets.mail_budgets(now=now) == 1
    assert budgets.mail_budgets(now=now + MAIL_AGAIN) == 0
    (letter,) = mail.outbox
    assert letter.to == ["ann@example.org"]
    assert letter.subject.startswith("Wattprint: try this. ")
    assert f"http://testserver/measurements/{row.pk}/" in letter.body
    assert re.search(r"0,001222 kWh .* 0,001 kWh", str(letter.body)), "numbers in the language of the mail"
    # What comes between asks the database for nothing more than without a budget.
    row.refresh_from_db()
    with patch("estimator.services.samples.in_danger", side_effect=budgets.in_danger) as seen:
        drawn(worker, row, 1.0)
    assert seen.call_count == 2
    with django_assert_num_queries(0):
        assert budgets.in_danger(row) == {"budget_kwh"}
        budgets.ask_for_mail(row, frozenset(), now=now)


@pytest.mark.usefixtures("mailed")
def test_a_server_that_refuses_is_asked_again_and_not_without_end(
    ann: User, desk: workers.Enrolled, worker: Caller
) -> None:
    row = measurements.request_measurement(
        owner=ann, asked=asked(desk, budget_kwh=1e-6), site="https://example.org", language="en"
    )
    drawn(worker, row, 100.0)
    now = timezone.now() + timedelta(seconds=1)
    with patch("estimator.services.mail.send_mail", side_effect=smtplib.SMTPServerDisconnected) as sent:
        for _ in range(5):
            assert budgets.mail_budgets(now=now) == 0
            now += MAIL_AGAIN
    assert sent.call_count == 3
    assert BudgetMail.objects.get().mail == "failed"


@pytest.mark.usefixtures("mailed")
def test_a_budget_that_means_nothing_any_more_holds_up_no_other(
    ann: User, desk: workers.Enrolled, worker: Caller
) -> None:
    rows = [
        measurements.request_measurement(
            owner=ann, asked=asked(desk, **{name: 1e-9}), site="https://x.org", language="en"
        )
        for name in ("budget_kgco2e", "budget_kwh")
    ]
    for row in rows:
        drawn(worker, row, 100.0)
    Measurement.objects.filter(pk=rows[0].pk).update(grid={})
    assert budgets.mail_budgets(now=timezone.now() + timedelta(seconds=1)) == 1
    assert list(BudgetMail.objects.values_list("budget", "mail")) == [("budget_kgco2e", "none"), ("budget_kwh", "sent")]


def test_without_a_mail_server_or_a_confirmed_address_nobody_is_written_to(
    ann: User, desk: workers.Enrolled, worker: Caller, settings: Any
) -> None:
    said = asked(desk, budget_kwh=1e-6)
    measurements.request_measurement(owner=ann, asked=said, site="https://example.org", language="en")
    assert not BudgetMail.objects.exists()
    settings.MAIL_IS_SET = True
    EmailAddress.objects.create(user=ann, email="victim@example.org", verified=False, primary=True)
    row = measurements.request_measurement(owner=ann, asked=said, site="https://example.org", language="en")
    drawn(worker, row, 100.0)
    assert budgets.mail_budgets(now=timezone.now() + timedelta(seconds=1)) == 0
    assert not mail.outbox
