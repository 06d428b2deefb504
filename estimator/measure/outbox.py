"""
Finished measurements that wait on this disk until a server has them.

One is sent as `POST {server}/api/v1/measurements/finished` with `Authorization: Bearer TOKEN` and this JSON, and the
server tells by `client_id` that it has it already::

    {
        "kind": "finished",
        "client_id": "a UUID",
        "title": "python",
        "started_at_s": 1764033000.0,
        "duration_s": 61.2,
        "interval_s": 1.0,
        "inventory": {"host": {}, "cpu": {}, "memory_gb": 64.0, "accelerators": [], "meters": []},
        "components": [
            {"name": "accelerator:0", "quality": "counter", "energy_j": 18000.0, "mean_power_w": 294.1,
             "label": "NVIDIA H100 80GB HBM3", "counted": true, "low": 0.95, "high": 1.05,
             "note": "MIG is on.", "words": {"note": [{"text": "MIG is on.", "params": {}}]}}
        ],
        "samples": [[1, 1764033001.0, {"accelerator:0": 293.5}]],
        "command_name": "python",
        "attributed": [
            {"name": "accelerator:0", "energy_j": 9000.0, "share": 0.5, "basis": "share of the work on the card"}
        ],
        "flags": ["gap"],
        "exit_code": 0,
        "location": {"country": "FR"},
        "grid_intensity_gco2e_per_kwh": null,
        "pue": 1.2
    }

A component that is not counted stands beside the sum, because others hold its energy already; `low` and `high` are the
5th and 95th percentile of its true energy over the one told; `words` is what label and note were made from, for pages
in other languages. What is attributed is the share of a component that falls to the command. The place is said as an
estimate takes it, and no emissions are sent: the server computes them. What stands after the name of the command may be
missing, as in what older versions left waiting. Times are seconds since 1970; each sample has its number, its end, and
the joules of each component since the one before. The name of the command is sent, its arguments never are. The token
is not kept.

What is meant for a server lies in a folder that is named after it, and no other is sent it unasked; what is meant for
none yet lies beside these folders.
"""

import contextlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from estimator.measure.state import state_folder, write_whole

PATH: Final = "/api/v1/measurements/finished"
TIMEOUT_S: Final = 10.0
MOST_KEPT_COUNT: Final = 500
MOST_KEPT_BYTES: Final = 200_000_000
MOST_ANSWER_BYTES: Final = 100_000
#: Of a server's address, as the name of a folder.
MOST_NAME_BYTES: Final = 200
#: Not meant for any server yet.
NO_SERVER: Final = ""

#: What became of one: the server has it; it stays for later; the server will never take it.
Outcome = Literal["sent", "kept", "refused"]


@dataclass(frozen=True, slots=True)
class Kept:
    """One measurement on this disk."""

    title: str
    started_at_s: float  #: seconds since 1970
    server: str  #: the one that it is meant for, or `NO_SERVER`
    refused: bool  #: its server will never take it


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of one measurement."""

    title: str
    outcome: Outcome
    message: str = ""


class Outbox:
    """
    The folder with what is to be sent.

    Parameters
    ----------
    folder : Path, optional
        By default the one of this user.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or state_folder("outbox")

    def waiting(self, *servers: str) -> list[Path]:
        """What is to be sent to one of these, or all of it; oldest first."""
        return self._files("json", *servers)

    def listed(self) -> Iterator[Kept]:
        """Everything that lies here, oldest first, with the server that it is meant for."""
        from urllib.parse import unquote

        for path in sorted([*self._files("json"), *self._files("refused")], key=lambda path: path.name):
            server = NO_SERVER if path.parent == self.folder else unquote(path.parent.name)
            try:
                body = json.loads(path.read_text())
                yield Kept(str(body["title"]), float(body["started_at_s"]), server, path.suffix == ".refused")
            except FileNotFoundError:  # sent by another process meanwhile
                continue
            except (ValueError, KeyError, TypeError, OSError):
                with contextlib.suppress(OSError):
                    yield Kept(path.name, path.stat().st_mtime, server, refused=True)

    def put(self, body: dict[str, Any], *, server: str = NO_SERVER) -> int:
        """
        Keep one until it is sent.

        Parameters
        ----------
        body : dict
            As above.
        server : str
            The address that it is meant for, as `check_server` gives it.

        Returns
        -------
        int
            How many of the oldest had to make room for it.
        """
        # The time comes first in the name, so that the names are in order.
        name = f"{body['started_at_s']:017.3f}-{body['client_id']}.json"
        folder = self._folder(server)
        folder.mkdir(mode=0o700, exist_ok=True)
        write_whole(folder / name, json.dumps(body, allow_nan=False))
        kept: list[tuple[Path, int]] = []
        for path in self.waiting():
            with contextlib.suppress(FileNotFoundError):  # sent by another process meanwhile
                kept.append((path, path.stat().st_size))
        dropped_count, whole_bytes = 0, sum(size for _, size in kept)
        while len(kept) - dropped_count > MOST_KEPT_COUNT or whole_bytes > MOST_KEPT_BYTES:
            path, size = kept[dropped_count]
            if path.name == name:  # never the newest
                break
            path.unlink(missing_ok=True)
            dropped_count, whole_bytes = dropped_count + 1, whole_bytes - size
        return dropped_count

    def _folder(self, server: str) -> Path:
        from urllib.parse import quote

        return self.folder / quote(server, safe="") if server else self.folder

    def _files(self, suffix: str, *servers: str) -> list[Path]:
        if servers:
            found = [path for server in servers for path in self._folder(server).glob(f"*.{suffix}")]
        else:
            found = [*self.folder.glob(f"*.{suffix}"), *self.folder.glob(f"*/*.{suffix}")]
        return sorted(found, key=lambda path: path.name)

    def send(
        self,
        *,
        server: str,
        token: str,
        authority: str = "",
        also: Collection[str] = (),
        timeout_s: float = TIMEOUT_S,
    ) -> Iterator[Sending]:
        """
        Send what waits for a server, oldest first.

        Parameters
        ----------
        server : str
            Its address, with http:// or https://.
        token : str
            A personal API token of that server.
        authority : str
            Certificates, in PEM form, that are trusted beside the authorities of the system.
        also : collection of str
            What is meant for these servers goes there, too; `NO_SERVER` is what was meant for none.
        timeout_s : float
            The longest wait for one answer. [s]

        Yields
        ------
        Sending
            What became of each. When the server cannot be reached, the rest is left for later at once.
        """
        for path in self.waiting(server, *also):
            try:
                body = json.loads(path.read_text())
                title = str(body["title"])
            except FileNotFoundError:  # sent by another process meanwhile
                continue
            except (ValueError, KeyError, TypeError, OSError) as problem:
                yield Sending(path.name, "refused", f"The file cannot be read: {problem}")
                _set_aside(path)
                continue
            outcome, message, goes_on = _post(
                body, server=server, token=token, authority=authority, timeout_s=timeout_s
            )
            if outcome == "sent":
                path.unlink(missing_ok=True)
            elif outcome == "refused":
                _set_aside(path)
            yield Sending(title, outcome, message)
            if not goes_on:
                return


def check_server(server: str) -> str:
    """
    The address as one server is always written: without its last slash, its host in small letters.

    Raises
    ------
    ValueError
        If it is no web address, is very long, or holds a name and password.
    """
    from urllib.parse import quote, urlsplit

    try:
        parts = urlsplit(server)
        usual = parts.port == {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:  # a port out of bounds, half an IPv6 address
        parts, usual = urlsplit(""), False
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{server!r} is no address of a server: give one such as https://wattprint.example")
    if parts.username is not None:
        raise ValueError("The address of a server holds no name and password: it knows you by your token.")
    host = parts.netloc.lower().rpartition(":")[0] if usual else parts.netloc.lower()
    address = f"{parts.scheme}://{host}{parts.path}".rstrip("/")
    if len(quote(address, safe="")) > MOST_NAME_BYTES:
        raise ValueError(f"The address {address[:60]}… of a server is too long.")
    return address


def _set_aside(path: Path) -> None:
    """Keep it, and send it no more."""
    with contextlib.suppress(OSError):
        path.replace(path.with_suffix(".refused"))


def _post(
    body: dict[str, Any], *, server: str, token: str, authority: str, timeout_s: float
) -> tuple[Outcome, str, bool]:
    """Outcome, message, and whether the next one is worth a try."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.parse import urlsplit
    from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

    from estimator.measure import trust

    class NoRedirect(HTTPRedirectHandler):
        """A token goes to the server that was named, and to no other."""

        def redirect_request(self, *arguments: Any) -> None:
            return None

    request = Request(
        check_server(server) + PATH,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Accept": "application/json"},
        method="POST",
    )
    by_tls = [HTTPSHandler(context=trust.client_context(authority))] if urlsplit(server).scheme == "https" else []
    try:
        with build_opener(NoRedirect, *by_tls).open(request, timeout=timeout_s) as answer:
            told = json.loads(answer.read(MOST_ANSWER_BYTES) or b"{}")
            return "sent", str(told.get("url") or "") if isinstance(told, dict) else "", True
    except HTTPError as error:
        return _refusal(error.code, error.read(MOST_ANSWER_BYTES))
    except ValueError:  # no JSON: something answered in place of the server
        return "kept", "The answer is not that of a Wattprint server.", False
    except (OSError, HTTPException) as problem:
        reason = trust.why_not(problem, host=urlsplit(server).hostname or "")
        return "kept", f"The server cannot be reached: {reason or getattr(problem, 'reason', problem)}", False


def _refusal(status: int, content: bytes) -> tuple[Outcome, str, bool]:
    message = ""
    with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
        error = json.loads(content)["error"]
        message = str(error["message"])
        fields = [f"{field['path']}: {field['message']}" for field in error.get("fields", ())]
        message = " ".join((message, *fields[:3]))
    if status in {401, 403}:
        return "kept", f"The token is not accepted ({status}). {message}".strip(), False
    if status in {400, 409, 413, 422}:
        return "refused", f"The server refuses it ({status}). {message}".strip(), True
    return "kept", f"The server answered {status}. {message}".strip(), False
