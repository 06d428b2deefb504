"""The certificate and the key that an operator gives: looked at before anything starts, by the eyes of a client."""

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from config.launch.trouble import Trouble

#: Larger than any chain; a file of another kind is not read to its end. [bytes]
MOST_BYTES: Final = 1_000_000
#: Less than this is said at the start. [days]
SOON_DAYS: Final = 14
#: OpenSSL's numbers for what is wrong with a certificate's time.
_NOT_YET, _EXPIRED = 9, 10


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, in PEM, that belong together and hold today."""

    file: Path
    key: Path
    names: tuple[str, ...]  #: hosts and addresses that it holds for; a host may begin with `*.`
    until_s: float  #: when it ends, in seconds since 1970

    @property
    def hosts(self) -> list[str]:
        """Its names that are one host each."""
        return [name for name in self.names if "*" not in name]

    def covers(self, name: str) -> bool:
        """Whether a client that asks for this name would take it."""
        try:
            _shake_hands(server_context(self.file, self.key), _pinned(self.file, check_name=True), name)
        except (ssl.SSLError, ValueError):
            return False
        return True

    def is_trusted(self) -> bool:
        """Whether an authority of this system has signed it: then nobody elsewhere needs a file to trust it."""
        client = ssl.create_default_context()
        client.check_hostname = False
        try:
            _shake_hands(server_context(self.file, self.key), client)
        except ssl.SSLError:
            return False
        return True

    def client_context(self) -> ssl.SSLContext:
        """For our own calls, by whatever address: this certificate and no other, whoever signed it."""
        return _pinned(self.file)


def read(file: Path, key: Path) -> Certificate:
    """
    Look at both files.

    Raises
    ------
    Trouble
        If one cannot be read or is no PEM, the key is locked or another one's, or the certificate does not hold today.
    """
    _pem(file, "--certificate", "CERTIFICATE", f"openssl x509 -inform der -in {file} -out certificate.pem")
    if "ENCRYPTED" in _pem(key, "--key", "PRIVATE KEY", f"openssl pkey -inform der -in {key} -out key.pem"):
        raise Trouble(
            f"--key {key} is locked with a password, which nobody is there to type: give an unlocked copy that only "
            f"you can read (openssl pkey -in {key} -out key.pem)."
        )
    try:
        told = _shake_hands(server_context(file, key), _pinned(file))
    except ssl.SSLCertVerificationError as problem:
        if problem.verify_code == _EXPIRED:
            raise Trouble(f"--certificate {file} has expired: renew it.") from None
        if problem.verify_code == _NOT_YET:
            raise Trouble(f"--certificate {file} does not hold yet: is this machine's clock right?") from None
        raise Trouble(f"--certificate {file} is not good for a server: {problem.verify_message}.") from None
    except ssl.SSLError as problem:
        if problem.reason == "KEY_VALUES_MISMATCH":
            raise Trouble(
                f"--certificate {file} and --key {key} do not belong together: give the key that the certificate was "
                "made for, and the server's own certificate first where the file holds several."
            ) from None
        raise Trouble(f"--certificate {file} and --key {key} cannot be used: {problem.reason or problem}.") from None
    names = tuple(
        str(ipaddress.ip_address(name.strip())) if kind == "IP Address" else name
        for kind, name in told.get("subjectAltName", ())
        if kind in {"DNS", "IP Address"}
    )
    return Certificate(file=file, key=key, names=names, until_s=float(ssl.cert_time_to_seconds(told["notAfter"])))


def server_context(file: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.2 or newer with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    # Nobody is asked for the password of a key: it would be a question on the terminal of a service.
    context.load_cert_chain(file, key, password="")
    return context


def _pem(file: Path, option: str, kind: str, from_der: str) -> str:
    try:
        with file.open("rb") as opened:
            text = opened.read(MOST_BYTES).decode("ascii", errors="replace")
    except OSError as problem:
        raise Trouble(f"{option} {file} cannot be read: {problem.strerror}.") from None
    if f"{kind}-----" not in text:
        raise Trouble(
            f"{option} {file} is no {kind.lower()} in PEM form, which begins with -----BEGIN {kind}-----. From the "
            f"binary form (DER): {from_der}"
        )
    return text


def _pinned(file: Path, *, check_name: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check_name
    context.load_verify_locations(file)
    # The server's own certificate is enough, whoever signed it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str | None = None) -> dict[str, Any]:
    """Client and server in memory: the library itself says whether it takes the certificate, and what stands in it."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=name)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    waiting = [near, far]
    while waiting:
        for side in list(waiting):
            try:
                side.do_handshake()
                waiting.remove(side)
            except ssl.SSLWantReadError:
                continue
    return near.getpeercert() or {}
