"""The environment of a test session, set before Django reads its settings."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

#: Everything that the tests write lies under this folder, and goes with it. Short, for the sake of Unix sockets.
TEMP = Path(tempfile.mkdtemp(prefix="wattprint-tests-"))
REDIS_FOLDER = TEMP / "redis"
ROOT = Path(__file__).resolve().parents[2]


def prepare() -> None:
    """Point every setting at this session's own folder, whatever the person's own environment says."""
    data = TEMP / "data"
    (data / "static").mkdir(parents=True)
    REDIS_FOLDER.mkdir()
    for name in list(os.environ):
        own = {"ALLOWED_HOSTS", "HTTPS", "LOG_LEVEL", "SIGN_UP"}
        if name.startswith(("THROTTLE_", "CSRF_TRUSTED_", "EMAIL_")) or name in own:
            del os.environ[name]
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        SECRET_KEY="of-the-tests-" + "0123456789abcdef" * 4,
        DEBUG="0",
        WATTPRINT_DATA=str(data),
        DATABASE_URL=f"sqlite:///{TEMP / 'unused.sqlite3'}",
        REDIS_URL=f"unix://{REDIS_FOLDER / 'redis.sock'}",
        # Playwright's loop runs in the thread of the tests; they use the database in turn, never at once.
        DJANGO_ALLOW_ASYNC_UNSAFE="1",
    )
    from django.conf import settings

    # pytest-django sets Django up for those who have read their settings by now.
    assert str(data) == str(settings.DATA_DIR), "unset DJANGO_SETTINGS_MODULE, or call ./wattprint test"
    owner = os.getpid()

    def clear_up() -> None:
        if os.getpid() == owner:
            shutil.rmtree(TEMP, ignore_errors=True)

    atexit.register(clear_up)
