"""
The Celery app with an estimate that hangs the first time, so that a test can kill its worker in the middle.

The file named by HANG_ONCE is made when it hangs; while it is there, nothing hangs any more.
"""

import os
import time
from pathlib import Path
from typing import Any

import django

django.setup()

from config.celery import app as app  # noqa: E402
from estimator.services import estimates as services  # noqa: E402

_estimate = services.estimate  # type: ignore[attr-defined]


def _hang_once(*args: Any, **kwargs: Any) -> Any:
    mark = Path(os.environ["HANG_ONCE"])
    if not mark.exists():
        mark.touch()
        time.sleep(120)
    return _estimate(*args, **kwargs)


services.estimate = _hang_once  # type: ignore[attr-defined]
