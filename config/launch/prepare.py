"""Run in a process of its own before the site starts: reference data, tables, static files where they changed."""

import sys

import django
from django.core import checks
from django.core.management import call_command


def main() -> None:
    """Look at the reference data and migrate; with --static collect the static files too."""
    django.setup()
    for message in checks.run_checks(tags=["reference"]):
        sys.exit(f"The reference data cannot be used: {message.msg}. {message.hint}")
    call_command("migrate", interactive=False, verbosity=1)
    if "--static" in sys.argv[1:]:
        call_command("collectstatic", interactive=False, verbosity=0, clear=True, ignore_patterns=["*.map", "redoc*"])


if __name__ == "__main__":
    main()
