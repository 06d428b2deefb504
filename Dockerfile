# One image for the web server, the workers and beat: the same settings file, other environment variables.
FROM python:3.13-slim-trixie

RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --create-home --home-dir /var/lib/wattprint wattprint

WORKDIR /app
COPY requirements.txt requirements-uv.txt ./
RUN pip install --no-cache-dir --require-hashes -r requirements-uv.txt \
    && uv pip install --system --no-cache --compile-bytecode --require-hashes -r requirements.txt

COPY manage.py LICENSE ./
COPY config config
COPY estimator estimator
COPY reports reports
COPY templates templates

ENV DJANGO_SETTINGS_MODULE=config.settings \
    PYTHONUNBUFFERED=1 \
    CELERY_SKIP_CHECKS=1 \
    WATTPRINT_DATA=/var/lib/wattprint/data

# Static files need no secret of any installation, only some key to read the settings with.
RUN SECRET_KEY=only-for-this-step python manage.py collectstatic --noinput --verbosity 0 \
    && chown -R wattprint /var/lib/wattprint
USER wattprint
EXPOSE 8000
CMD ["python", "-m", "granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "24", "--backpressure", "128", "--http", "1", "--no-ws", "--respawn-failed-workers", \
     "--workers-kill-timeout", "12", "--no-access-log", "config.wsgi:application"]
