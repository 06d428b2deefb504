"""Addresses of the pages."""

from django.urls import path

from estimator import views

urlpatterns = [
    path("", views.home, name="home"),
    path("preview/", views.preview, name="preview"),
    path("suggest/<slug:kind>/", views.suggest, name="suggest"),
    path("estimates/", views.estimates, name="estimates"),
    path("estimates/<uuid:estimate_id>/", views.estimate, name="estimate"),
    path("estimates/<uuid:estimate_id>/status/", views.estimate_status, name="estimate-status"),
    path("estimates/<uuid:estimate_id>/retry/", views.estimate_retry, name="estimate-retry"),
    path("sources/", views.sources, name="sources"),
]
