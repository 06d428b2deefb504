"""Reports that come again and again: when they are due, that each is made once, that their owner is told."""

import smtplib
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from allauth.account.models import EmailAddress
from django.core import mail

from estimator.models import Estimate
from estimator.services.mail import MAIL_AGAIN
from reports import services
from reports.models import Cadence, Report, Schedule, ScheduledRun
from reports.options import ReportOptions
from reports.periods import months_after
from reports.services import schedules
from tests.estimator.routes import World
from tests.harness.people import People

MONTHS = [
    ("2026-01-31", 1, "2026-02-28"),
    ("2028-01-31", 1, "2028-02-29"),
    ("2026-01-31", 2, "2026-03-31"),
    ("2026-03-31", 1, "2026-04-30"),
    ("2026-11-30", 3, "2027-02-28"),
    ("2027-11-30", 3, "2028-02-29"),
    ("2028-02-29", 12, "2029-02-28"),
    ("2026-12-15", 1, "2027-01-15"),
    ("2026-01-15", -1, "2025-12-15"),
    ("2026-03-31", -1, "2026-02-28"),
    ("2026-01-01", 0, "2026-01-01"),
    ("2026-05-05", 120, "2036-05-05"),
]


@pytest.mark.parametrize(("begin", "months", "expected"), MONTHS)
def test_months(begin: str, months: int, expected: str) -> None:
    moment = datetime.fromisoformat(f"{begin}T13:30:00+00:00")
    assert months_after(moment, months) == datetime.fromisoformat(f"{expected}T13:30:00+00:00")


def test_what_begins_on_the_31st_comes_back_to_it() -> None:
    row = Schedule(cadence="monthly", first_at=datetime(2027, 12, 31, tzinfo=UTC))
    days = [row.due_at(number).strftime("%m-%d") for number in range(-1, 5)]
    assert days == ["11-30", "12-31", "01-31", "02-29", "03-31", "04-30"]
    row.cadence = "quarterly"
    assert [row.due_at(number).strftime("%m-%d") for number in range(3)] == ["12-31", "03-31", "06-30"]


# --- rows -------------------------------------------------------------------------------------------------------------

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE = datetime(2026, 2, 10, 9, tzinfo=UTC)
rows = [pytest.mark.django_db, pytest.mark.usefixtures("redis_url")]


def with_rows(test: Any) -> Any:
    for mark in rows:
        test = mark(test)
    return test


def planned(people: People, **changes: Any) -> Schedule:
    values: dict[str, Any] = {
        "owner": people.owner.user,
        "name": "Our runs",
        "cadence": Cadence.MONTHLY,
        "language": "en",
        "options": ReportOptions(site="https://example.org"),
        "first_on": FIRST.date(),
        "now": BEFORE,
    }
    return schedules.create_schedule(**values | changes)


def finished(people: People, *moments: datetime, **values: Any) -> list[Estimate]:
    found = []
    for moment in moments:
        pk = World(people.owner.user).estimate
        Estimate.objects.filter(pk=pk).update(finished_at=moment, **values)
        found.append(Estimate.objects.get(pk=pk))
    return found


@with_rows
def test_the_runs_of_the_period_and_no_others(people: People, django_capture_on_commit_callbacks: Any) -> None:
    row = planned(people)
    second = timedelta(seconds=1)
    inside = finished(people, datetime(2026, 2, 1, tzinfo=UTC), FIRST - second)
    private = finished(people, BEFORE, sharing="private")
    finished(people, datetime(2026, 2, 1, tzinfo=UTC) - second, FIRST)
    finished(people, BEFORE, withdrawn_at=BEFORE)
    finished(people, BEFORE, replaced_by=inside[0])
    assert people.owner.client.get("/reports/several/").context["own_count"] == 5 + 1
    Estimate.objects.filter(pk=World(people.stranger.user).estimate).update(finished_at=BEFORE)
    assert schedules.run_due_schedules(now=FIRST - second) == 0
    with django_capture_on_commit_callbacks(execute=True) as sent:
        assert schedules.run_due_schedules(now=FIRST) == 1
    assert len(sent) == 1
    run = row.runs.get()
    assert run.report is not None and (run.outcome, run.runs_count, run.mail) == ("made", 3, "none")
    assert run.report.estimate_ids == [str(one.pk) for one in (inside[0], *private, inside[1])]
    assert run.report.title == "Our runs, 2026-02-01 – 2026-02-28"
    row.refresh_from_db()
    assert row.next_at == datetime(2026, 4, 1, tzinfo=UTC)
    # The private one makes the report the owner's alone.
    page = f"/reports/{run.report_id}/"
    assert people.owner.client.get(page).status_code == 200
    assert people.stranger.client.get(page).status_code == people.nobody.get(page).status_code == 404


@with_rows
def test_a_period_is_taken_once(people: People) -> None:
    row = planned(people)
    finished(people, BEFORE)
    stale = Schedule.objects.select_related("owner").get(pk=row.pk)
    assert schedules._run(stale, FIRST) is True
    assert schedules._run(stale, FIRST) is False
    assert schedules.run_due_schedules(now=FIRST + timedelta(hours=1)) == 0
    assert ScheduledRun.objects.count() == Report.objects.count() == 1


@with_rows
def test_what_fails_is_tried_again_and_keeps_back_no_other(people: People) -> None:
    broken, sound = planned(people, name="Broken"), planned(people, name="Sound", first_on=date(2026, 3, 2))
    Schedule.objects.filter(pk=broken.pk).update(options={"paper": "papyrus"})
    finished(people, BEFORE)
    now = FIRST + timedelta(days=2)
    assert schedules.run_due_schedules(now=now) == 1
    assert (broken.runs.count(), sound.runs.count()) == (0, 1)
    Schedule.objects.filter(pk=broken.pk).update(options={})
    assert schedules.run_due_schedules(now=now) == 1
    assert broken.runs.get().outcome == "made"


@with_rows
def test_nothing_in_it_and_too_many(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    row = planned(people)
    monkeypatch.setattr(schedules, "MOST_RUNS", 2)
    finished(people, *[datetime(2026, 3, 3, tzinfo=UTC)] * 3)
    now = datetime(2026, 4, 1, tzinfo=UTC)
    # Two periods went by: each has its own place in the list.
    assert [schedules.run_due_schedules(now=now) for _ in range(3)] == [1, 1, 0]
    assert [run.outcome for run in row.runs.order_by("ends_at")] == ["empty", "too_many"]
    assert Report.objects.count() == 0
    page = people.owner.client.get("/schedules/").content.decode()
    assert "No run was finished in this time" in page and "More runs were finished" in page


@with_rows
def test_paused_ones_leave_out_what_went_by(people: People) -> None:
    row, owner = planned(people), people.owner.user
    assert schedules.pause_schedule(owner=owner, schedule_id=row.pk, now=BEFORE)
    assert not schedules.pause_schedule(owner=owner, schedule_id=row.pk, now=BEFORE)
    later = datetime(2026, 5, 20, tzinfo=UTC)
    assert schedules.run_due_schedules(now=later) == 0
    assert schedules.resume_schedule(owner=owner, schedule_id=row.pk, now=later)
    assert schedules.run_due_schedules(now=later) == 0
    row.refresh_from_db()
    assert (row.next_at, row.paused_at) == (datetime(2026, 6, 1, tzinfo=UTC), None)
    people.owner.user.is_active = False
    people.owner.user.save()
    assert schedules.run_due_schedules(now=row.next_at) == 0


# --- mail -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def told(people: People, settings: Any) -> ScheduledRun:
    """A report that is done, on a site with a mail server, for an owner whose address is confirmed."""
    settings.MAIL_IS_SET = True
    EmailAddress.objects.create(user=people.owner.user, email="owner@example.org", verified=True, primary=True)
    row = planned(people, name="Our runs")
    finished(people, BEFORE)
    assert schedules.run_due_schedules(now=FIRST) == 1
    return row.runs.get()


def make(run: ScheduledRun) -> None:
    assert run.report_id is not None
    assert services.run_report(report_id=run.report_id, worker="a@host")


@with_rows
def test_the_owner_is_told_once_when_it_is_done(told: ScheduledRun) -> None:
    assert told.mail == "waiting"
    assert schedules.mail_reports(now=FIRST) == 0 and not mail.outbox
    make(told)
    assert schedules.mail_reports(now=FIRST) == 1
    assert schedules.mail_reports(now=FIRST + timedelta(days=1)) == 0
    assert len(mail.outbox) == 1
    message = mail.outbox[0]
    assert message.to == ["owner@example.org"]
    assert message.subject == "Wattprint: Our runs, 2026-02-01 – 2026-02-28"
    assert f"https://example.org/reports/{told.report_id}/" in message.body
    assert not message.attachments
    told.refresh_from_db()
    assert told.mail == "sent"


@with_rows
def test_a_server_that_refuses_is_asked_three_times(told: ScheduledRun) -> None:
    make(told)
    now = FIRST
    with patch("estimator.services.mail.send_mail", side_effect=smtplib.SMTPServerDisconnected) as sent:
        for _ in range(5):
            assert schedules.mail_reports(now=now) == 0
            assert schedules.mail_reports(now=now) == 0  # not before its time
            now += MAIL_AGAIN
    assert sent.call_count == 3
    told.refresh_from_db()
    assert (told.mail, told.mail_attempts) == ("failed", 3)


@with_rows
def test_two_workers_send_one_mail(told: ScheduledRun) -> None:
    make(told)
    stale = ScheduledRun.objects.select_related("schedule__owner").get(pk=told.pk)
    assert schedules._mail(stale, FIRST) is True
    assert schedules._mail(stale, FIRST) is False
    assert len(mail.outbox) == 1


@with_rows
def test_no_mail_to_an_address_that_nobody_confirmed(people: People, settings: Any) -> None:
    settings.MAIL_IS_SET = True
    EmailAddress.objects.create(user=people.owner.user, email="victim@example.org", verified=False, primary=True)
    row = planned(people)
    finished(people, BEFORE)
    schedules.run_due_schedules(now=FIRST)
    assert row.runs.get().mail == "none"


# --- pages ------------------------------------------------------------------------------------------------------------

SENT = {"name": "Group", "cadence": "quarterly", "language": "fr", "paper": "a4", "variant": "pdf-a-3a"}


@with_rows
def test_planned_paused_and_deleted_on_the_page(people: People, django_assert_num_queries: Any) -> None:
    client = people.owner.client
    day = (datetime.now(UTC) + timedelta(days=9)).date()
    assert client.post("/schedules/", SENT | {"first_on": f"{day}"}).status_code == 302
    row = Schedule.objects.get()
    assert (row.name, row.cadence, row.language, row.first_at.date()) == ("Group", "quarterly", "fr", day)
    assert row.choices().site == "http://testserver"
    assert "The reports are planned" in client.get("/schedules/").content.decode()
    with django_assert_num_queries(4):  # session, account, schedules, periods
        page = client.get("/schedules/").content.decode()
    assert "Group" in page and f"next on {day}" in page
    client.post(f"/schedules/{row.pk}/pause/")
    assert "Go on" in client.get("/schedules/").content.decode()
    client.post(f"/schedules/{row.pk}/pause/")
    assert Schedule.objects.get().paused_at is None
    assert client.post(f"/schedules/{row.pk}/delete/").status_code == 302
    assert not Schedule.objects.exists()


@with_rows
@pytest.mark.parametrize(
    "wrong", [{"first_on": "2020-01-01"}, {"first_on": "soon"}, {"name": "a\nb"}, {"name": ""}, {"cadence": "daily"}]
)
def test_what_is_wrong_is_said(people: People, wrong: dict[str, str]) -> None:
    day = datetime.now(UTC).date()
    answer = people.owner.client.post("/schedules/", SENT | {"first_on": f"{day}"} | wrong)
    assert answer.status_code == 422
    assert "it is marked below" in answer.content.decode()
    assert not Schedule.objects.exists()


@with_rows
def test_an_account_has_no_more_than_it_may(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules, "MOST_SCHEDULES", 1)
    planned(people)
    day = datetime.now(UTC).date()
    answer = people.owner.client.post("/schedules/", SENT | {"first_on": f"{day}"})
    assert answer.status_code == 422 and "at most 1 reports" in answer.content.decode()


@with_rows
def test_lists_are_their_owners(people: People) -> None:
    planned(people, name="A secret plan")
    assert "A secret plan" not in people.stranger.client.get("/schedules/").content.decode()
