"""Addresses of the pages of a report."""

from django.urls import path

from reports import views

urlpatterns = [
    path("validation/", views.validation, name="validation"),
    path("estimates/<uuid:estimate_id>/methods/", views.comparison, name="comparison"),
    path("estimates/<uuid:estimate_id>/disclosures/", views.disclosures, name="disclosures"),
    path("estimates/<uuid:estimate_id>/report/", views.report_create, name="report-create"),
    path("reports/<uuid:report_id>/", views.report, name="report"),
    path("reports/<uuid:report_id>/status/", views.report_status, name="report-status"),
    path("reports/<uuid:report_id>/report.pdf", views.report_download, name="report-download"),
]
