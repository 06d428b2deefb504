"""
The only settings file. Everything that differs between a laptop and a server comes from the environment.

The helpers fail loudly: a variable that cannot be read stops the start with a sentence that names it.
"""

import os
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.contrib.messages import constants as message_levels
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent


def env_text(name: str, default: str | None = None) -> str:
    """A text from the environment; without a default it must be there."""
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise ImproperlyConfigured(
            f"{name} is not set. `./wattprint up` sets it; elsewhere put it into the environment."
        )
    return value


def env_flag(name: str, default: bool) -> bool:
    """A switch from the environment: 1, true, yes, on or 0, false, no, off."""
    text = os.environ.get(name, "").strip().lower()
    if text == "":
        return default
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name}={text!r} is no switch: write 1 or 0.")


def env_list(name: str, default: str = "") -> list[str]:
    """A list from the environment, separated by commas."""
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def env_rate(name: str, default: str) -> int:
    """A rate from the environment, as requests a minute: `600/min`."""
    text = env_text(name, default)
    count, separator, unit = text.partition("/")
    if not count.strip().isdigit() or (separator and unit.strip() != "min"):
        raise ImproperlyConfigured(f"{name}={text!r} is no rate: write it as 600/min.")
    return int(count)


def env_url(name: str) -> str:
    """An address from the environment, empty by default: https anywhere, http on this machine alone."""
    text = env_text(name, "")
    address = urlsplit(text)
    private = address.scheme == "https" or (address.scheme == "http" and address.hostname in {"127.0.0.1", "::1"})
    if text and not (private and address.hostname and not address.query and not address.fragment):
        raise ImproperlyConfigured(f"{name}={text!r} is no address to send a key to: write https://host/path.")
    return text


def env_mail(name: str) -> SplitResult | None:
    """The address of a mail server from the environment: in the clear, by STARTTLS, or by TLS from the first byte."""
    text = env_text(name, "")
    if not text:
        return None
    address = urlsplit(text)
    try:
        well = address.scheme in MAIL_PORTS and bool(address.hostname) and (address.port is None or address.port > 0)
    except ValueError:
        well = False
    if not well:
        raise ImproperlyConfigured(f"{name} is no mail server: write smtp+tls://name:password@host:587.")
    return address


#: The ways to speak to a mail server, and the port of each where none is given.
MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}

DEBUG = env_flag("DEBUG", False)
SECRET_KEY = env_text("SECRET_KEY", "for-development-only-" + "x" * 40 if DEBUG else None)
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
#: `1` behind a proxy that speaks HTTPS; `here`, set by `up --certificate`, where our own web server does.
HTTPS_HERE = env_text("HTTPS", "0") == "here"
HTTPS = HTTPS_HERE or env_flag("HTTPS", False)

#: Database, logs and collected static files of one installation.
DATA_DIR = Path(env_text("WATTPRINT_DATA", str(BASE_DIR / "var"))).resolve()

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "csp",
    "ninja",
    "allauth",
    "allauth.account",
    "estimator",
    "reports",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.api.ErrorShapeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "estimator.views.withdrawn.WithdrawnMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# --- Data -------------------------------------------------------------------------------------------------------------

DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(
        env_text("DATABASE_URL", f"sqlite:///{DATA_DIR / 'wattprint.sqlite3'}"),
        conn_max_age=600,
        conn_health_checks=True,
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets readers go on while one writes; IMMEDIATE makes a writer wait its turn instead of failing half-way.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-20000;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

#: Broker, heartbeats and throttle. redis://, rediss:// or unix:///path/to/redis.sock
REDIS_URL = env_text("REDIS_URL", "redis://127.0.0.1:6379/0")

#: Where workers on other machines reach that Redis, without a password: `redis://host:port`; without a host it is the
#: one by which they reach the site. Empty: at REDIS_URL.
WORKERS_BROKER_URL = env_text("WORKERS_BROKER_URL", "")

CACHES = {
    "default": {
        "BACKEND": "config.cache.RedisOrMemory",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "wattprint:cache",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }
}

# In the database, so that whoever signs out is out: a copied cookie is worth nothing then.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 365
SESSION_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
MESSAGE_TAGS = {message_levels.WARNING: "warn", message_levels.ERROR: "danger"}

# --- Accounts: nobody needs one to estimate ---------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator", "NumericPasswordValidator")
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    }
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "estimates"
LOGOUT_REDIRECT_URL = "home"

_mail = env_mail("EMAIL_URL")
#: Whether mail can be sent: then addresses are confirmed, and forgotten passwords reset, by mail.
MAIL_IS_SET = _mail is not None
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if MAIL_IS_SET else 'dummy'}.EmailBackend"
if _mail is not None:
    EMAIL_HOST = _mail.hostname
    EMAIL_PORT = _mail.port or MAIL_PORTS[_mail.scheme]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.scheme == "smtp+tls", _mail.scheme == "smtps"
    EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env_text("EMAIL_FROM", "wattprint@localhost")

ACCOUNT_ADAPTER = "estimator.views.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional" if MAIL_IS_SET else "none"
#: One address an account; another one takes its place when it is confirmed.
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "Wattprint: "
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
#: Whether anybody may make an account; else the operator does, with `manage.py createsuperuser`.
SIGN_UP_IS_OPEN = env_flag("SIGN_UP", True)

# --- Limits -----------------------------------------------------------------------------------------------------------

#: One address may call /calculate this often a minute.
THROTTLE_CALCULATE_PER_MINUTE = env_rate("THROTTLE_CALCULATE", "600/min")
#: One address may store this many estimates a minute.
THROTTLE_ESTIMATES_PER_MINUTE = env_rate("THROTTLE_ESTIMATES", "120/min")
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

# --- Live intensity of the grid: off without a key --------------------------------------------------------------------

#: The key of the operator's own contract with Electricity Maps.
ELECTRICITY_MAPS_KEY = env_text("ELECTRICITY_MAPS_KEY", "")
#: Another address than the official one, for a gateway of one's own; https, or on this machine.
ELECTRICITY_MAPS_URL = env_url("ELECTRICITY_MAPS_URL")

# --- Languages --------------------------------------------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]

# --- Static files -----------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.staticfiles.PackageFilesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "config.storage.StaticStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# --- Security ---------------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
# An estimate's page is found by its unguessable link: no other site may learn it from a Referer header.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
# No proxy stands before a server that speaks HTTPS itself: who would say such a header there is no proxy of ours.
_behind_proxy = HTTPS and not HTTPS_HERE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _behind_proxy else None
# HSTS binds a host with all its ports and subdomains, for a year, and lets nobody past a certificate that is not
# trusted. A machine that runs `up` may offer other things at other ports, and its certificate may be self-made.
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if _behind_proxy else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _behind_proxy

# --- Celery: the row is the state, so no result is kept ---------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
# Kombu takes any certificate where an address says `rediss` and no more; what the address says of it comes first.
CELERY_BROKER_USE_SSL = (
    {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True} if REDIS_URL.startswith("rediss://") else False
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "estimates"
CELERY_TASK_ROUTES = {"reports.*": {"queue": "reports"}}
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 270
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A page must not hang because Redis is away: the row waits, and the rescue round queues it again.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    "socket_keepalive": True,
}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "rescue-measurements": {"task": "estimator.measurements.rescue", "schedule": 5.0, "options": {"expires": 5}},
    "rescue-plans": {"task": "estimator.plans.rescue", "schedule": 5.0, "options": {"expires": 5}},
    "rescue-estimates": {"task": "estimator.rescue", "schedule": 5.0, "options": {"expires": 5}},
    "forget-sessions": {"task": "estimator.forget_sessions", "schedule": 86400.0, "options": {"expires": 3600}},
    "run-schedules": {"task": "reports.run_schedules", "schedule": 3600.0, "options": {"expires": 1800}},
    "mail-budgets": {"task": "estimator.measurements.mail", "schedule": 15.0, "options": {"expires": 15}},
    "mail-reports": {"task": "reports.mail", "schedule": 60.0, "options": {"expires": 60}},
    "rescue-reports": {"task": "reports.rescue", "schedule": 5.0, "options": {"expires": 5}},
}

# --- Logs: one line an event, to standard error -----------------------------------------------------------------------

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env_text("LOG_LEVEL", "INFO")},
    "loggers": {"django.request": {"level": "ERROR"}},
}

# --- Last, as it reads these settings when it is first used -----------------------------------------------------------

# Whoever sends a task or declares one needs the app, and each process that does so has read the settings.
from config.celery import app as celery_app  # noqa: E402, F401
