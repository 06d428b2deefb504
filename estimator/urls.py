"""Addresses of the pages."""

from django.urls import path

from estimator.views import estimates, form, imports, sources

urlpatterns = [
    path("", form.home, name="home"),
    path("preview/", form.preview, name="preview"),
    path("suggest/<slug:kind>/", form.suggest, name="suggest"),
    path("estimates/", estimates.estimates, name="estimates"),
    path("estimates/<uuid:estimate_id>/", estimates.estimate, name="estimate"),
    path("estimates/<uuid:estimate_id>/status/", estimates.estimate_status, name="estimate-status"),
    path("estimates/<uuid:estimate_id>/retry/", estimates.estimate_retry, name="estimate-retry"),
    path("imports/", imports.imports, name="imports"),
    path("imports/<uuid:import_id>/", imports.imported, name="import"),
    path("imports/<uuid:import_id>/keep/", imports.keep, name="import-keep"),
    path("imports/<uuid:import_id>/compare/", imports.compare, name="import-compare"),
    path("imports/<uuid:import_id>/estimate/", imports.use, name="import-use"),
    path("sources/", sources.sources, name="sources"),
]
