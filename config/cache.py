"""Where counts and other passing things are kept: in Redis, and while it is away in this process."""

import logging
from typing import Any

import redis
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

logger = logging.getLogger(__name__)


class RedisOrMemory(RedisCache):
    """
    Redis; while it does not answer, the memory of this process.

    So nobody is kept out because Redis is away, and guesses at passwords are still counted, by each process alone.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._memory = LocMemCache("while-redis-is-away", {})

    def _either(self, name: str, *args: Any, **more: Any) -> Any:
        try:
            return getattr(super(), name)(*args, **more)
        except (redis.RedisError, OSError) as problem:
            logger.warning("The cache works from memory: %s", problem)
            return getattr(self._memory, name)(*args, **more)

    def add(self, *args: Any, **more: Any) -> bool:
        """Store what is not there yet; False where it is."""
        return bool(self._either("add", *args, **more))

    def get(self, *args: Any, **more: Any) -> Any:
        """What is stored, or the default."""
        return self._either("get", *args, **more)

    def set(self, *args: Any, **more: Any) -> None:
        """Store."""
        self._either("set", *args, **more)

    def delete(self, *args: Any, **more: Any) -> bool:
        """Forget; False where there was nothing."""
        return bool(self._either("delete", *args, **more))
