"""The site's own settings, with a bare view beside it and no limit on how often it is asked."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
