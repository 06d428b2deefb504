"""Who this worker is: made up, asked for once, and kept in a folder that nobody else may read."""

import fcntl
import hashlib
import json
import os
import secrets
import ssl
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from estimator.measure.state import write_whole
from estimator.worker import protocol

FILE_NAME: Final = "credentials.json"


class NotEnrolled(Exception):
    """This folder holds no worker."""


class AlreadyRuns(Exception):
    """Another process works on this folder."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the server gave."""

    server: str
    worker_hex: str
    secret: str
    broker_address: str  #: without name and password
    broker_password: str
    authority: str = ""  #: certificates, in PEM form, that are trusted beside the authorities of the system

    @property
    def redis_url(self) -> str:
        """The broker, for the Redis client."""
        parts = urlsplit(self.broker_address)
        if parts.hostname:  # how far a broker is trusted is said in `tls`, and by no address that came from elsewhere
            parts = parts._replace(query="")
        who = f"{protocol.broker_user(self.worker_hex)}:{quote(self.broker_password, safe='')}@"
        return urlunsplit(parts._replace(netloc=who + parts.netloc))

    @property
    def broker_url(self) -> str:
        """The broker, for Celery."""
        return self.redis_url.replace("unix://", "redis+socket://", 1)

    @property
    def tls(self) -> dict[str, Any]:
        """
        What both are told of TLS: the certificate and its name are checked. Empty where the broker has none.

        Kombu takes any certificate where an address says `rediss` and nothing else is said.
        """
        if urlsplit(self.broker_address).scheme != "rediss":
            return {}
        return {
            "ssl_cert_reqs": ssl.CERT_REQUIRED,
            "ssl_check_hostname": True,
            "ssl_ca_data": self.authority or None,
        }


def read_credentials(folder: Path) -> Credentials:
    """
    Who we are.

    Raises
    ------
    NotEnrolled
        If this folder holds no worker.
    """
    try:
        return Credentials(**json.loads((folder / FILE_NAME).read_text()))
    except (OSError, ValueError, TypeError) as problem:
        raise NotEnrolled from problem


def keep_credentials(folder: Path, told: Credentials) -> None:
    """Keep them, for our eyes only."""
    write_whole(folder / FILE_NAME, json.dumps(asdict(told)))


def installation(folder: Path) -> str:
    """A name that this folder made up for itself before it asked for anything."""
    path = folder / "installation"
    try:
        return path.read_text().strip()
    except OSError:
        write_whole(path, secrets.token_hex(16))
        return path.read_text().strip()


def session(folder: Path) -> str:
    """The same for the same folder on the same machine, another one for a copy of it elsewhere."""
    machine = ""
    for known in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            machine = Path(known).read_text().strip()
            break
        except OSError:
            continue
    seen = [installation(folder), str(folder.resolve()), os.uname().nodename, machine]
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:32]


def hold(folder: Path) -> int:
    """
    Take the folder for this process; the lock goes with it, however it ends.

    Raises
    ------
    AlreadyRuns
        If another process has it.
    """
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise AlreadyRuns from None
    return lock


def from_answer(told: dict[str, Any], *, server: str, authority: str = "") -> Credentials:
    """What an answer to enrolment holds."""
    return Credentials(
        server=server,
        worker_hex=str(told["worker"]["id"]).replace("-", ""),
        secret=str(told["secret"]),
        broker_address=str(told["broker"]["url"]),
        broker_password=str(told["broker"]["password"]),
        authority=authority,
    )
