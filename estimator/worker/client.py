"""Calls of the server's API, over one connection that is kept."""

import contextlib
import http.client
import json
import ssl
from typing import Any, Final
from urllib.parse import urlsplit

from estimator.measure import trust

MOST_ANSWER_BYTES: Final = 1_000_000
#: Answers that say "not now", not "never".
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class Away(Exception):
    """The server cannot be reached, or cannot answer now."""


class Refused(Exception):
    """The server does not want it: its status, its code and its sentence."""

    def __init__(self, status: int, code: str, message: str, told: dict[str, Any]) -> None:
        super().__init__(message or f"The server answered {status}.")
        self.status, self.code, self.told = status, code, told


class Client:
    """
    One connection; not shared between threads.

    Parameters
    ----------
    server : str
        Its address, with http:// or https://.
    secret : str
        What this worker shows; empty while it has none.
    authority : str
        Certificates, in PEM form, that are trusted beside the authorities of the system.
    timeout_s : float
        The longest wait for an answer. [s]
    """

    def __init__(self, server: str, *, secret: str = "", authority: str = "", timeout_s: float = 10.0) -> None:
        parts = urlsplit(server)
        self._parts, self._timeout_s = parts, timeout_s
        self._tls = trust.client_context(authority) if parts.scheme == "https" else None
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if secret:
            self._headers["Authorization"] = f"Bearer {secret}"
        self._connection: http.client.HTTPConnection | None = None

    def post(self, path: str, body: bytes | dict[str, Any]) -> dict[str, Any]:
        """
        Send JSON and return the answer.

        Raises
        ------
        Away
            If nothing answered, or it is worth another try later.
        Refused
            If the answer is no.
        """
        content = body if isinstance(body, bytes) else json.dumps(body, allow_nan=False).encode()
        try:
            status, told = self._answer(path, content)
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            reason = trust.why_not(problem, host=self._parts.hostname or "")
            raise Away(reason or str(problem) or type(problem).__name__) from problem
        if 200 <= status < 300:
            if told is None:
                raise Away("The answer is not that of a Wattprint server.")
            return told
        error = (told or {}).get("error")
        error = error if isinstance(error, dict) else {}
        if status in _LATER or not error:
            raise Away(str(error.get("message") or f"The server answered {status}."))
        raise Refused(status, str(error.get("code", "")), str(error.get("message", "")), told or {})

    def _answer(self, path: str, content: bytes) -> tuple[int, dict[str, Any] | None]:
        kept = self._connection is not None
        try:
            return self._sent(path, content)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError):
            if not kept:
                raise
            # A connection that was kept may have been closed meanwhile; every call may be repeated.
            self.close()
            return self._sent(path, content)

    def _sent(self, path: str, content: bytes) -> tuple[int, dict[str, Any] | None]:
        if self._connection is None:
            host, port = self._parts.hostname or "", self._parts.port
            if self._tls is not None:
                self._connection = http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=self._tls)
            else:
                self._connection = http.client.HTTPConnection(host, port, timeout=self._timeout_s)
        self._connection.request("POST", self._parts.path.rstrip("/") + path, content, self._headers)
        answer = self._connection.getresponse()
        text = answer.read(MOST_ANSWER_BYTES)
        told = None
        with contextlib.suppress(ValueError):
            told = json.loads(text or b"{}")
        return answer.status, told if isinstance(told, dict) else None

    def close(self) -> None:
        """Give the connection up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
