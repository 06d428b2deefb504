"""
Who gets what at every address: one row a request, `method address: anonymous stranger staff owner`.

`in` is a redirect to the page of sign-in. {names} are the owner's rows, made by `World`. A new address needs a row
here: a test walks the URL configuration and fails for one that has none.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from typing import Any, Final

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

#: Whoever has the link: an estimate, its report, its plan are found by a key that nobody can guess.
_LINKS: Final = """
GET  /estimates/{estimate}/:                     200 200 200 200
GET  /estimates/{estimate}/withdraw/:            404 404 404 200
POST /estimates/{estimate}/sharing/:             in  404 404 422
POST /estimates/{estimate}/show/:                404 404 404 302
POST /estimates/{estimate}/withdraw/:            404 404 404 302
PATCH /api/v1/estimates/{estimate}/sharing:      401 404 404 200 {"sharing": "private"}
GET  /estimates/{estimate}/status/:              200 200 200 200
POST /estimates/{estimate}/retry/:               302 302 302 302
GET  /estimates/{estimate}/methods/:             200 200 200 200
GET  /estimates/{estimate}/disclosures/:         200 200 200 200
POST /estimates/{estimate}/report/:              302 302 302 302
GET  /estimates/{estimate}/advice/:              200 200 200 200
GET  /estimates/{estimate}/plan/:                200 200 200 200
GET  /estimates/{estimate}/scenarios/:           200 200 200 200
POST /estimates/{estimate}/scenarios/preview/:   200 200 200 200
GET  /estimates/{estimate}/scenarios/compare/:   200 200 200 200
POST /scenarios/{scenario}/:                     302 302 302 302
GET  /api/v1/estimates/{estimate}/scenarios:     200 200 200 200
POST /api/v1/estimates/{estimate}/scenarios:     403 403 403 201 {"levers": [{"lever": "pue", "pue": 1.1}]}
GET  /api/v1/scenarios/{scenario}:               200 200 200 200
PATCH /api/v1/scenarios/{scenario}:              403 403 403 200 {"name": "y"}
DELETE /api/v1/scenarios/{scenario}:             403 403 403 204
GET  /ledgers/{ledger}/:                         200 200 200 200
GET  /api/v1/ledgers/{ledger}:                   200 200 200 200
GET  /plans/{plan}/:                             200 200 200 200
GET  /plans/{plan}/status/:                      200 200 200 200
POST /plans/{plan}/retry/:                       302 302 302 302
GET  /reports/{report}/:                         200 200 200 200
GET  /reports/{report}/status/:                  200 200 200 200
POST /reports/{report}/retry/:                   302 302 302 302
GET  /reports/{report}/report.pdf:               302 302 302 302
GET  /api/v1/estimates/{estimate}:               200 200 200 200
POST /api/v1/estimates/{estimate}/recompute:     422 422 422 422 {"dataset_version": "none"}
GET  /api/v1/estimates/{estimate}/report.pdf:    ready
GET  /api/v1/estimates/{estimate}/report.json:   200 200 200 200
GET  /api/v1/estimates/{estimate}/report.csv:    200 200 200 200
GET  /api/v1/estimates/{estimate}/disclosures:   200 200 200 200
GET  /api/v1/estimates/{estimate}/disclosures/text: 200 200 200 200
GET  /api/v1/plans/{plan}:                       200 200 200 200
GET  /api/v1/reports/{report}.pdf:               ready
"""
#: Nothing here is anybody's.
_OPEN: Final = """
GET  /:                                          200 200 200 200
POST /preview/:                                  200 200 200 200
GET  /suggest/accelerator/:                      200 200 200 200
GET  /estimates/:                                200 200 200 200
GET  /estimates/export/csv/:                     200 200 200 200
GET  /sources/:                                  200 200 200 200
GET  /ledgers/:                                  200 200 200 200
POST /api/v1/ledgers:                            422 422 422 422 {}
GET  /levers/:                                   200 200 200 200
GET  /levers/pruning/:                           200 200 200 200
GET  /levers/none/:                              404 404 404 404
GET  /validation/:                               200 200 200 200
GET  /imports/:                                  200 200 200 200
GET  /reports/several/:                          200 200 200 200
GET  /gallery/:                                  200 200 200 200
GET  /verify/:                                   200 200 200 200
GET  /verify/file/:                              302 302 302 302
POST /verify/file/:                              422 422 422 422
GET  /verify/none:                               404 404 404 404
GET  /owner/none/:                               404 404 404 404
GET  /api/docs:                                  200 200 200 200
POST /language/:                                 302 302 302 302
POST /api/v1/calculate:                          422 422 422 422 {"duration_h": 1}
POST /api/v1/estimates:                          422 422 422 422 {"duration_h": 1}
POST /api/v1/plans:                              422 422 422 422 {}
POST /api/v1/scenarios:                          422 422 422 422 {}
POST /api/v1/imports:                            422 422 422 422
POST /api/v1/reports:                            422 422 422 422 {}
GET  /api/v1/catalogue/grids:                    200 200 200 200
GET  /api/v1/health:                             503 503 503 503
GET  /api/v1/openapi.json:                       200 200 200 200
GET  /api/v1/schemas/footprint.json:             200 200 200 200
GET  /api/v1/:                                   404 404 404 404
"""
#: The account's own.
_ACCOUNT: Final = """
GET  /account/:                                  in  200 200 200
GET  /account/tokens/:                           in  200 200 200
POST /account/tokens/{token}/revoke/:            in  404 404 302
GET  /account/email/:                            in  200 200 200
GET  /account/login/:                            200 302 302 302
GET  /account/signup/:                           200 302 302 302
GET  /account/logout/:                           302 200 200 200
GET  /account/inactive/:                         200 200 200 200
GET  /account/reauthenticate/:                   in  200 200 200
GET  /account/confirm-email/:                    200 200 200 200
GET  /account/confirm-email/none/:               200 200 200 200
GET  /account/password/change/:                  in  200 200 200
GET  /account/password/set/:                     in  302 302 302
GET  /account/password/reset/:                   200 200 200 200
GET  /account/password/reset/done/:              200 200 200 200
GET  /account/password/reset/key/done/:          200 200 200 200
GET  /account/password/reset/key/1-none/:        200 200 200 200
GET  /account/login/code/confirm/:               302 302 302 302
POST /estimates/claim/:                          in  302 302 302
GET  /schedules/:                                in  200 200 200
POST /schedules/{schedule}/pause/:               in  404 404 302
POST /schedules/{schedule}/delete/:              in  404 404 302
POST /estimates/{loose}/claim/:                  in  302 404 404
POST /estimates/{estimate}/delete/:              in  404 404 302
POST /ledgers/{ledger}/delete/:                  404 404 404 302
GET  /api/v1/ledgers:                            401 200 200 200
GET  /api/v1/estimates:                          401 200 200 200
DELETE /api/v1/estimates/{estimate}:             401 404 404 204
GET  /api/v1/exports/estimates.csv:              401 200 200 200
"""
#: Files of measurements that the owner brought.
_IMPORTS: Final = """
GET  /imports/{imported}/:                       404 404 404 200
POST /imports/{imported}/keep/:                  404 404 404 302
POST /imports/{imported}/compare/:               404 404 404 302
GET  /imports/{imported}/estimate/:              404 404 404 200
POST /imports/{imported}/delete/:                404 404 404 302
"""
#: Machines and what they measure: the owner's, or by the secret of the machine itself, which nobody here has.
_MEASURED: Final = """
GET    /workers/:                                in  200 200 200
GET    /workers/list/:                           in  200 200 200
GET    /workers/{worker}/:                       in  404 404 200
POST   /workers/{worker}/switch/:                in  404 404 302
POST   /workers/{worker}/delete/:                in  404 404 302
POST   /workers/tokens/{enrolment}/revoke/:      in  404 404 302
GET    /measurements/:                           in  200 200 200
GET    /measurements/new/:                       in  302 302 302
GET    /measurements/{measurement}/:             in  404 404 200
GET    /measurements/{measurement}/status/:      in  404 404 200
GET    /measurements/{measurement}/series/:      in  404 404 200
GET    /measurements/{measurement}/samples.csv:  in  404 404 200
POST   /measurements/{measurement}/stop/:        in  404 404 302
POST   /measurements/{measurement}/conclude/:    in  404 404 302
POST   /measurements/{measurement}/delete/:      in  404 404 302
POST   /measurements/{measurement}/compare/:     in  404 404 302
POST   /measurements/{measurement}/footprint/:   in  404 404 302
GET    /measurements/{measurement}/use/:         in  404 404 404
GET    /api/v1/workers:                          401 200 200 200
POST   /api/v1/workers/enrolments:               401 201 201 201
POST   /api/v1/workers/enrol:                    422 422 422 422 {}
POST   /api/v1/workers/heartbeat:                401 401 401 401 {}
GET    /api/v1/workers/{worker}:                 401 404 404 200
PATCH  /api/v1/workers/{worker}:                 401 404 404 200 {"name": "other"}
DELETE /api/v1/workers/{worker}:                 401 404 404 204
GET    /api/v1/calibrations:                     401 200 200 200
GET    /api/v1/measurements:                     401 200 200 200
POST   /api/v1/measurements:                     401 422 422 422 {"interval_s": -1}
POST   /api/v1/measurements/finished:            401 422 422 422 {}
GET    /api/v1/measurements/{measurement}:       401 404 404 200
DELETE /api/v1/measurements/{measurement}:       401 404 404 204
POST   /api/v1/measurements/{measurement}/stop:  401 404 404 200
POST   /api/v1/measurements/{measurement}/footprint: 401 404 404 409 {}
GET    /api/v1/measurements/{measurement}/series: 401 404 404 200
GET    /api/v1/measurements/{measurement}/samples.csv: 401 404 404 200
POST   /api/v1/measurements/{measurement}/start: 401 401 401 401 {}
POST   /api/v1/measurements/{measurement}/samples: 401 401 401 401 {}
POST   /api/v1/measurements/{measurement}/finish: 401 401 401 401 {}
"""
TABLE: Final = _OPEN + _LINKS + _ACCOUNT + _IMPORTS + _MEASURED


@dataclass(frozen=True, slots=True)
class Request:
    """One row of the table."""

    method: str
    address: str
    #: Of nobody, a stranger, a member of staff, and last the owner, who may use something up.
    expected: tuple[str, str, str, str]
    body: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.address}"


def requests() -> list[Request]:
    """All rows."""
    found = []
    for line in filter(None, TABLE.splitlines()):
        head, _, rest = line.partition(": ")
        method, address = head.split()
        words = rest.split(maxsplit=4)
        expected = (words[0],) * 4 if len(words) == 1 else tuple(words[:4])
        found.append(Request(method, address, expected, words[4] if len(words) > 4 else ""))  # type: ignore[arg-type]
    return found


@cache
def _footprint() -> Any:
    from estimator import services

    return services.example_footprint().model_dump(mode="json")


class World:
    """The owner's rows, each made when an address first names it."""

    def __init__(self, owner: User) -> None:
        self.owner = owner

    def fill(self, address: str) -> str:
        """An address with the keys of the rows that it names."""
        return re.sub(r"\{(\w+)\}", lambda found: str(getattr(self, found[1])), address)

    def _estimate(self, owner: User | None) -> uuid.UUID:
        from estimator import services
        from estimator.models import Estimate, JobStatus

        workload, footprint = services.EXAMPLE, _footprint()
        row = Estimate.objects.create(
            owner=owner,
            title=workload.title,
            inputs=workload.model_dump(mode="json"),
            input_digest=workload.input_digest,
            created_at=timezone.now(),
            finished_at=timezone.now(),
            status=JobStatus.DONE,
            footprint=footprint,
            facility_energy_kwh=footprint["result"]["facility_energy_kwh"]["central"],
            total_kgco2e=footprint["result"]["total_kgco2e"]["central"],
        )
        return row.pk

    @cached_property
    def estimate(self) -> uuid.UUID:
        """A finished estimate of the owner."""
        return self._estimate(self.owner)

    @cached_property
    def loose(self) -> uuid.UUID:
        """A finished estimate of nobody."""
        return self._estimate(None)

    @cached_property
    def report(self) -> uuid.UUID:
        """A report of the owner's estimate that is not made yet."""
        from reports.models import Report

        row = Report.objects.create(
            estimate_id=self.estimate, language="en", engine_version="x", created_at=timezone.now(), status="running"
        )
        return row.pk

    @cached_property
    def schedule(self) -> uuid.UUID:
        """A planned report of the owner."""
        from reports.models import Schedule

        now = timezone.now()
        row = Schedule.objects.create(
            owner=self.owner, name="x", cadence="monthly", language="en", first_at=now, next_at=now, created_at=now
        )
        return row.pk

    @cached_property
    def plan(self) -> uuid.UUID:
        """A search of the owner that has not begun."""
        from estimator import services
        from estimator.models import Plan

        row = Plan.objects.create(
            owner=self.owner,
            estimate_id=self.estimate,
            inputs=services.EXAMPLE.model_dump(mode="json"),
            request={},
            combinations_count=1,
            created_at=timezone.now(),
        )
        return row.pk

    @cached_property
    def ledger(self) -> uuid.UUID:
        """A ledger of the owner over his estimate."""
        from estimator.models import Ledger

        row = Ledger.objects.create(
            owner=self.owner,
            entries=[{"role": "training", "estimate": str(self.estimate), "times_before": 1.0}],
            service_life_months=12,
            created_at=timezone.now(),
        )
        return row.pk

    @cached_property
    def token(self) -> int:
        """A token of the owner."""
        from estimator.services.tokens import create_token

        return create_token(owner=self.owner, name="x", scopes=["estimates"], lifetime=None).row.pk

    @cached_property
    def imported(self) -> uuid.UUID:
        """A file that the owner brought and has not kept yet."""
        from estimator.services.imports import hold_import

        file = SimpleUploadedFile("x.csv", b"time,watts\n2026-01-01T00:00:00Z,100\n2026-01-01T01:00:00Z,100\n")
        row, refusal = hold_import(data=file.read(), file_name="x.csv", owner=self.owner)
        assert refusal is None
        return row.pk

    @cached_property
    def scenario(self) -> uuid.UUID:
        """A scenario on the owner's estimate."""
        from estimator.models import Scenario

        now = timezone.now()
        row = Scenario.objects.create(estimate_id=self.estimate, name="x", levers=[], ordering=1, created_at=now)
        return row.pk

    @cached_property
    def worker(self) -> uuid.UUID:
        """A machine of the owner."""
        from estimator.models import Worker

        return Worker.objects.create(owner=self.owner, name="x", prefix="x", digest="x", created_at=timezone.now()).pk

    @cached_property
    def enrolment(self) -> int:
        """A token of the owner by which a machine may enrol."""
        from estimator.models import Enrolment

        now = timezone.now()
        row = Enrolment.objects.create(
            owner=self.owner, prefix="x", digest="x", created_at=now, expires_at=now + timedelta(days=1)
        )
        return row.pk

    @cached_property
    def measurement(self) -> uuid.UUID:
        """A measurement of the owner that no worker has begun."""
        from estimator.models import Measurement

        return Measurement.objects.create(owner=self.owner, worker_id=self.worker, created_at=timezone.now()).pk
