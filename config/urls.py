"""Where each address leads."""

from django.urls import include, path
from django.views.i18n import set_language

from config.api import api, docs

urlpatterns = [
    path("", include("estimator.urls")),
    path("", include("reports.urls")),
    path("account/", include("allauth.account.urls")),
    path("api/v1/", api.urls),
    path("api/docs", docs, name="api-docs"),
    path("language/", set_language, name="set_language"),
]
