"""The fingerprint of a file that is sent: read as it comes, and kept nowhere."""

import hashlib
from typing import Any, Final

from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

LARGEST_BYTES: Final = 20 * 1024 * 1024
#: What a form in parts puts around its file.
AROUND_BYTES: Final = 64 * 1024


class Fingerprint(FileUploadHandler):
    """Takes the SHA-256 of what comes, and hands nothing on."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self._told = hashlib.sha256()
        self.bytes_count = 0
        self.is_too_large = False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Count and digest; None keeps it from whoever would store it."""
        self.bytes_count += len(raw_data)
        if self.bytes_count > LARGEST_BYTES:
            self.is_too_large = True
            raise StopUpload(connection_reset=False)
        self._told.update(raw_data)
        return None

    def file_complete(self, file_size: int) -> Any:
        """There is no file to hand over."""
        return None

    def read(self, request: HttpRequest) -> None:
        """Read the body, if nobody has yet: asking for its files does so."""
        _ = request.FILES

    @property
    def sha256(self) -> str:
        """Of all that came; empty where nothing did."""
        return self._told.hexdigest() if self.bytes_count else ""


def fingerprint_of(request: HttpRequest) -> Fingerprint:
    """The one that reads the files of a request; asked for before anything of its body is read."""
    found = Fingerprint(request)
    request.upload_handlers = [found]
    return found


def is_too_large(request: HttpRequest) -> bool:
    """Whether the request says of itself that it is larger than any file that is looked at."""
    length = request.headers.get("Content-Length", "")
    return length.isdigit() and int(length) > LARGEST_BYTES + AROUND_BYTES
