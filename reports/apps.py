"""The reports app."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """How it is shown."""

    name = "reports"
    default_auto_field = "django.db.models.BigAutoField"
