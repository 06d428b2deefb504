"""The Celery app: its queues, the sign of life of each worker, and what a worker puts right when it starts."""

import logging
import os
import time
from typing import Any

from celery import Celery, bootsteps
from celery.signals import worker_ready

logger = logging.getLogger(__name__)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("wattprint")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


class SignOfLife(bootsteps.StartStopStep):
    """Tells Redis every few seconds that this worker lives, and which queues it serves, so that pages can say so."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.entry: Any = None

    def start(self, parent: Any) -> None:
        """Give the first sign at once, then one every few seconds."""
        from estimator import broker

        def sign() -> None:
            broker.sign_of_life(worker=parent.hostname, queues=list(parent.app.amqp.queues.consume_from))

        sign()
        self.entry = parent.timer.call_repeatedly(broker.SIGN_OF_LIFE_EVERY_S, sign)

    def stop(self, parent: Any) -> None:
        """Withdraw the sign: a worker that stops in good order is not missed."""
        from estimator import broker

        if self.entry is not None:
            self.entry.cancel()
        broker.withdraw_sign_of_life(worker=parent.hostname)


class BrokerWatch(bootsteps.StartStopStep):
    """
    Looks every few seconds at what measuring workers hold in Redis; one worker of the site does it.

    It is no task: a Redis that somebody has filled takes no message, and then it is needed most.
    """

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self.entry: Any = None

    def start(self, parent: Any) -> None:
        """Look before the first message is taken, then again and again."""
        from django.db import connections
        from django.utils import timezone

        from estimator import broker_watch
        from estimator.services import workers

        if "estimates" not in parent.app.amqp.queues.consume_from:
            return

        def look() -> None:
            # What is made of this process later must not inherit a connection.
            try:
                if workers.look_after_broker(now=timezone.now()):
                    connections.close_all()
            except Exception:
                connections.close_all()
                logger.exception("The look at the broker failed; the next one follows soon.")

        look()
        self.entry = parent.timer.call_repeatedly(broker_watch.LOOK_EVERY_S, look)

    def stop(self, parent: Any) -> None:
        """Look no more."""
        if self.entry is not None:
            self.entry.cancel()


app.steps["worker"].add(SignOfLife)
app.steps["worker"].add(BrokerWatch)


@worker_ready.connect
def take_up_what_was_left(sender: Any, **kwargs: Any) -> None:
    """A worker that starts frees what its predecessor of the same name held when it died."""
    for queue, package in (("estimates", "estimator"), ("estimates", "estimator.plans"), ("reports", "reports")):
        if queue in sender.app.amqp.queues.consume_from:
            app.send_task(f"{package}.release", args=[sender.hostname, time.time()], queue=queue)
