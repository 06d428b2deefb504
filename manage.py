#!/usr/bin/env python
"""Django's own door; `./wattprint` is the one for people."""

import os
import sys
from pathlib import Path

from config.launch.folder import DataFolder

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if not os.environ.get("SECRET_KEY"):
        # What `./wattprint up` has made there is meant: its database is found in the same folder.
        data = os.environ.get("WATTPRINT_DATA") or Path(__file__).resolve().parent / "var"
        os.environ["SECRET_KEY"] = DataFolder(Path(data)).kept_secret_key()
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError:
        sys.exit("This Python has no Django. Where ./wattprint has made .venv: .venv/bin/python manage.py ...")

    execute_from_command_line(sys.argv)
