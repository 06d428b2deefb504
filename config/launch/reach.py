"""How a site is reached: at which addresses, by which names, and how well what passes is protected."""

import contextlib
import socket
import time

from config.launch import redis
from config.launch.certificate import SOON_DAYS, Certificate
from config.launch.trouble import Trouble

#: Listening on all addresses, and the one by which this machine reaches itself then.
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def free_of_others(host: str, port: int, *, option: str = "--port") -> None:
    """See that nobody listens there yet."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise Trouble(f"--host {host}: this machine has no such address.") from None
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except PermissionError:
            raise Trouble(f"Port {port} is kept for the system: name one above 1023 with {option}.") from None
        except OSError as problem:
            if problem.errno in {98, 48}:
                raise Trouble(f"Port {port} is taken by another program: name another one with {option}.") from None
            raise Trouble(f"--host {host} {option} {port}: {problem.strerror}.") from None


def in_address(host: str) -> str:
    """A host as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def own_names() -> list[str]:
    """The names and the address by which others on the network reach this machine."""
    names = [socket.gethostname(), socket.getfqdn()]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Nothing is sent: the system only says from which address it would be.
        probe.connect(("192.0.2.1", 9))
        names.append(probe.getsockname()[0])
    return list(dict.fromkeys(names))


def printed_name(host: str, certificate: Certificate | None) -> str:
    """The host in the address that is printed: of those that lead here the first that the certificate holds for."""
    if host in LOOPBACK:
        return host
    if certificate is None:
        return own_names()[0] if host in EVERYWHERE else host
    names = [name for name in (host, *own_names()) if name not in EVERYWHERE]
    return next((name for name in [*names, *certificate.hosts] if certificate.covers(name)), names[0])


def remarks(*, host: str, name: str, opening: redis.Opening | None, certificate: Certificate | None) -> list[str]:
    """
    What the person at the terminal should know of who can reach the site.

    Parameters
    ----------
    host, name : str
        Where it listens, and the name in the address that is printed.
    opening : Opening or None
        How its Redis is open to workers on other machines.
    certificate : Certificate or None
        What it was given.
    """
    told = []
    if host not in LOOPBACK:
        told.append(f"Others can reach it: {host} is open to the network, not to this machine alone.")
        if certificate is None:
            told.append(
                "Passwords, tokens and samples travel in the clear: keep it to a network that you trust, or give "
                "--certificate and --key."
            )
    if opening is not None:
        how = "by TLS" if opening.by_tls else "in the clear"
        told.append(
            f"Workers on other machines reach their queues at port {opening.port}, each with a password of its own "
            f"and {how}."
        )
    if certificate is not None:
        told += _remarks_on(certificate, name)
    return told


def _remarks_on(certificate: Certificate, name: str) -> list[str]:
    told = []
    if not certificate.covers(name):
        names = ", ".join(certificate.names) or "no name at all (it has no subjectAltName)"
        told.append(
            f"The certificate holds for {names}, and not for {name}: browsers warn of it, and workers refuse it. Have "
            "one made for the names by which people reach this machine."
        )
    if not certificate.is_trusted():
        told.append(
            "No authority that this system knows has signed the certificate: browsers warn of it. On other machines "
            "give `worker` and `measure` its authority's certificate, or a self-made one itself, with --ca FILE."
        )
    days = (certificate.until_s - time.time()) / 86_400
    if days < SOON_DAYS:
        told.append(f"The certificate ends in {max(days, 0.0):.0f} days: renew it, then start Wattprint again.")
    return told
