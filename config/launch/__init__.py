"""
What `./wattprint up` runs: a data folder, a private Redis, the workers and the web server, kept alive and stopped.

Standard library only: nothing of Django or Celery is imported into the process that watches over them.
"""
