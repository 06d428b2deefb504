"""What Django's own checks say, and what an import costs."""

import os
import secrets
import subprocess
import sys

import pytest

from tests.harness.environment import ROOT, TEMP

#: A server on the internet, behind a proxy that speaks HTTPS.
PRODUCTION = {
    "SECRET_KEY": secrets.token_urlsafe(64),
    "DEBUG": "0",
    "HTTPS": "1",
    "ALLOWED_HOSTS": "wattprint.example",
    "CSRF_TRUSTED_ORIGINS": "https://wattprint.example",
    "DATABASE_URL": f"sqlite:///{TEMP / 'production.sqlite3'}",
}


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the Python of .venv in the root of the tree."""
    own = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, env=own | environment)


def test_no_migration_is_missing() -> None:
    done = python("manage.py", "makemigrations", "--check", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_deployment_checks_are_content_under_production_settings() -> None:
    done = python("manage.py", "check", "--deploy", "--fail-level", "INFO", **PRODUCTION)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues (0 silenced)" in done.stdout + done.stderr


def test_a_site_that_speaks_https_itself_has_safe_cookies_and_binds_no_other_port_of_its_machine() -> None:
    code = (
        "import config.settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, "
        "s.SECURE_PROXY_SSL_HEADER, s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_PRELOAD)"
    )
    for https, told in (
        ("here", "True True True None 0 False"),
        ("1", "True True True ('HTTP_X_FORWARDED_PROTO', 'https') 31536000 True"),
        ("0", "False False False None 0 False"),
    ):
        done = python("-c", code, **PRODUCTION | {"HTTPS": https})
        assert done.stdout.strip() == told, done.stderr


def test_a_missing_secret_key_stops_the_start_with_a_sentence() -> None:
    done = python("manage.py", "check", SECRET_KEY="")
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("", "False dummy"),
        ("smtp://mail.example", "True smtp mail.example 25 '' '' False False"),
        ("smtp+tls://me%40x:p%3Aw@mail.example", "True smtp mail.example 587 'me@x' 'p:w' True False"),
        ("smtps://me:pw@mail.example:4650", "True smtp mail.example 4650 'me' 'pw' False True"),
    ],
)
def test_one_address_says_how_mail_is_sent(address: str, told: str) -> None:
    server = "s.EMAIL_HOST, s.EMAIL_PORT, repr(s.EMAIL_HOST_USER), repr(s.EMAIL_HOST_PASSWORD)"
    told_as = f"*([{server}, s.EMAIL_USE_TLS, s.EMAIL_USE_SSL] if s.MAIL_IS_SET else [])"
    code = f"import config.settings as s; print(s.MAIL_IS_SET, s.EMAIL_BACKEND.split('.')[-2], {told_as})"
    done = python("-c", code, EMAIL_URL=address)
    assert done.stdout.strip() == told, done.stderr


@pytest.mark.parametrize("address", ["mail.example", "http://mail.example", "smtp://", "smtp://x:99999", "smtp://x:0"])
def test_what_is_no_mail_server_stops_the_start_with_a_sentence(address: str) -> None:
    done = python("-c", "import config.settings", EMAIL_URL=address)
    assert done.returncode != 0
    assert "EMAIL_URL is no mail server" in done.stderr


@pytest.mark.parametrize(
    ("code", "forbidden"),
    [
        ("import config.settings", {"numpy", "pandas", "matplotlib", "weasyprint", "plotly", "ninja"}),
        # All that a web process has loaded when it takes its first request.
        (
            "import config.wsgi; from django.urls import get_resolver; get_resolver().url_patterns",
            {"pandas", "matplotlib", "weasyprint", "plotly", "pikepdf", "playwright"},
        ),
        # The estimates' worker never draws a chart.
        (
            "import django; django.setup(); from config.celery import app; app.loader.import_default_modules()",
            {"pandas", "matplotlib", "weasyprint", "plotly"},
        ),
        (
            "import estimator.core.estimate, estimator.reference.catalogue",
            {"django", "celery", "redis", "pandas", "ninja"},
        ),
        ("import config.launch.site", {"django", "celery", "redis", "pydantic"}),
    ],
)
def test_nothing_heavy_comes_with_an_import(code: str, forbidden: set[str]) -> None:
    done = python("-c", f"{code}\nimport sys\nprint(*sorted(set({sorted(forbidden)!r}) & set(sys.modules)))")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
