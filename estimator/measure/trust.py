"""Whom this machine takes for a server: one whose certificate its system trusts, or an authority that it was given."""

import re
import ssl
from collections.abc import Iterator
from http.client import BadStatusLine, RemoteDisconnected
from pathlib import Path
from typing import Final

#: All authorities of a system are a fifth of it. [bytes]
MOST_BYTES: Final = 1_000_000
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")

#: OpenSSL's numbers for what is wrong with a certificate.
_NOT_YET, _EXPIRED = 9, 10
_NOT_TRUSTED = frozenset({2, 18, 19, 20, 21})
_OTHER_NAME = frozenset({62, 64})
#: What the library says where the other side answers in the clear.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})


def read_authority(path: Path) -> str:
    """
    The certificates of a file, and nothing else of it.

    Parameters
    ----------
    path : Path
        A file in PEM form.

    Raises
    ------
    ValueError
        If it cannot be read, or holds no certificate.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise ValueError(f"--ca {path} cannot be read: {problem.strerror}.") from problem
    authority = "\n".join(_CERTIFICATE.findall(text.decode("ascii", errors="replace")))
    if not authority or len(text) > MOST_BYTES:
        raise ValueError(
            f"--ca {path} is no file of certificates in PEM form, which begin with -----BEGIN CERTIFICATE-----."
        )
    try:
        client_context(f"{authority}\n")
    except ssl.SSLError as problem:
        raise ValueError(f"--ca {path} holds a certificate that cannot be read: {problem.reason}.") from problem
    return f"{authority}\n"


def client_context(authority: str = "") -> ssl.SSLContext:
    """
    Certificate and name of a server are checked, by the authorities of the system and by this one.

    Parameters
    ----------
    authority : str
        Certificates in PEM form; empty for those of the system alone.
    """
    context = ssl.create_default_context()
    if authority:
        context.load_verify_locations(cadata=authority)
    return context


def why_not(problem: BaseException, *, host: str) -> str | None:
    """
    What is wrong between us and a server's TLS, and what to do.

    Parameters
    ----------
    problem : BaseException
        What a library raised; the error of TLS may lie behind it.
    host : str
        By which name the server was called.

    Returns
    -------
    str or None
        A sentence without its full stop; None where it was something else.
    """
    for cause in _behind(problem):
        if isinstance(cause, ssl.SSLCertVerificationError):
            if cause.verify_code in _OTHER_NAME:
                return (
                    f"the certificate there is not for {host}: call it by the name that it was made for, or have one "
                    "made for this name"
                )
            if cause.verify_code == _EXPIRED:
                return "the certificate there has expired: whoever runs the server has to renew it"
            if cause.verify_code == _NOT_YET:
                return "the certificate there does not hold yet: is the clock of this machine right?"
            if cause.verify_code in _NOT_TRUSTED:
                return (
                    "the certificate there is signed by nobody whom this machine trusts: give its authority's "
                    "certificate, or a self-made one itself, with --ca FILE"
                )
            return f"the certificate there cannot be trusted: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            return f"{host} does not speak TLS there: is the port right, and is it https?"
        if isinstance(cause, BadStatusLine) and not isinstance(cause, RemoteDisconnected):
            return f"what answers there is no HTTP in the clear: is it https://{host}?"
    return None


def _behind(problem: BaseException) -> Iterator[BaseException]:
    """An exception and what caused it, as the libraries tell it."""
    seen: set[int] = set()
    waiting: list[object] = [problem]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None)]
