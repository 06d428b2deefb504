"""Addresses of the pages of a report."""

from django.urls import path

from reports.views import (
    comparison,
    disclosures,
    exports,
    levers,
    reports,
    schedules,
    several,
    validation,
    verification,
)

urlpatterns = [
    path("verify/", verification.verify, name="verify"),
    path("verify/file/", verification.verify_file, name="verify-file"),
    path("verify/<str:digest>", verification.verify_digest, name="verify-digest"),
    path("validation/", validation.validation, name="validation"),
    path("levers/", levers.levers, name="levers"),
    path("levers/<slug:name>/", levers.lever, name="lever"),
    path("estimates/export/<slug:format_name>/", exports.export, name="export"),
    path("estimates/<uuid:estimate_id>/methods/", comparison.comparison, name="comparison"),
    path("estimates/<uuid:estimate_id>/disclosures/", disclosures.disclosures, name="disclosures"),
    path("estimates/<uuid:estimate_id>/report/", reports.report_create, name="report-create"),
    path("schedules/", schedules.schedules, name="schedules"),
    path("schedules/<uuid:schedule_id>/pause/", schedules.schedule_pause, name="schedule-pause"),
    path("schedules/<uuid:schedule_id>/delete/", schedules.schedule_delete, name="schedule-delete"),
    path("reports/several/", several.several, name="report-several"),
    path("reports/<uuid:report_id>/", reports.report, name="report"),
    path("reports/<uuid:report_id>/status/", reports.report_status, name="report-status"),
    path("reports/<uuid:report_id>/retry/", reports.report_retry, name="report-retry"),
    path("reports/<uuid:report_id>/report.pdf", reports.report_download, name="report-download"),
]
