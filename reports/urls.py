"""Addresses of the pages of a report."""

from django.urls import path

from reports import views

urlpatterns = [
    path("estimates/<uuid:estimate_id>/report/", views.report_create, name="report-create"),
    path("reports/<uuid:report_id>/", views.report, name="report"),
    path("reports/<uuid:report_id>/status/", views.report_status, name="report-status"),
    path("reports/<uuid:report_id>/report.pdf", views.report_download, name="report-download"),
]
