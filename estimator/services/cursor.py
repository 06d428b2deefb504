"""Where a list goes on: the time and the key of the last row that was seen, as a text that need not be understood."""

import base64
import uuid
from datetime import datetime

Place = tuple[datetime, uuid.UUID]


def cursor_of(place: Place | None) -> str | None:
    """A place in a list as it is given to programs, and put into links."""
    if place is None:
        return None
    moment, key = place
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {key}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place | None:
    """
    The place that a cursor means; None for an empty one, which is the beginning.

    Raises
    ------
    ValueError
        If it is none of ours.
    """
    if not cursor:
        return None
    moment, _, key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
    place = datetime.fromisoformat(moment), uuid.UUID(key)
    if place[0].tzinfo is None:
        raise ValueError(moment)
    return place
