"""The WSGI application that the web server loads."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from estimator import services  # noqa: E402  (the apps must be ready)
from estimator.checks import stop_if_tables_are_wrong  # noqa: E402

stop_if_tables_are_wrong()
# The first visitor shall not wait for the tables to be read.
services.example_footprint()
