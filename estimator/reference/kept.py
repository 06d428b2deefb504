"""
A dataset as one archive, so that an old result can be recomputed from the tables that it was made with.

The same tables give the same bytes: names are sorted and dates are fixed.
"""

import io
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from estimator.reference.shelf import Shelf

#: No file of a dataset is larger, and none holds more of them: whatever is beyond is no dataset.
MAX_FILE_BYTES: Final = 16 * 1024 * 1024
MAX_FILES: Final = 100
_SHIPPED, _OWN = "shipped", "operator"
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)


def packed(shelf: Shelf) -> bytes:
    """
    The tables of a shelf, the operator's beside the shipped ones, as a ZIP archive.

    Parameters
    ----------
    shelf : Shelf
        The tables, as they lie on disk now.

    Returns
    -------
    bytes
        The archive; equal tables give equal bytes.
    """
    files = {f"{_SHIPPED}/{path.name}": path for path in sorted(shelf.folder.glob("*.csv"))}
    files |= {f"{_OWN}/{name}": path for name, path in sorted(shelf.operator_files.items())}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name, path in files.items():
            out.writestr(zipfile.ZipInfo(name, date_time=_LONG_AGO), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def unpacked(archive: bytes, *, version: str, folder: Path) -> Shelf:
    """
    The shelf of an archive.

    Parameters
    ----------
    archive : bytes
        As `packed` made it.
    version : str
        The dataset version that it must have.
    folder : Path
        Where datasets are laid out; each takes a folder of its own name, and one that lies there already is used.

    Returns
    -------
    Shelf
        Its tables, checked against the version.

    Raises
    ------
    ValueError
        If the archive holds something else than the tables of this version.
    """
    place = folder / version
    if not place.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{version}-", dir=folder))
        try:
            _lay_out(archive, fresh)
            # Whoever comes first lays it out; the others find it there.
            fresh.rename(place)
        except OSError:
            if not place.is_dir():
                raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    shelf = Shelf(place / _SHIPPED, operator_folder=place / _OWN)
    if shelf.dataset_version != version:
        raise ValueError(f"the archive of dataset {version} holds {shelf.dataset_version}")
    return shelf


def _lay_out(archive: bytes, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(archive)) as kept:
        members = kept.infolist()
        if len(members) > MAX_FILES or any(one.file_size > MAX_FILE_BYTES for one in members):
            raise ValueError("this is no archive of a dataset: it is too large")
        for part in (_SHIPPED, _OWN):
            (folder / part).mkdir()
        for one in members:
            part, _, name = one.filename.partition("/")
            if part not in {_SHIPPED, _OWN} or name != Path(name).name or not name.endswith(".csv"):
                raise ValueError(f"this is no archive of a dataset: {one.filename!r} is no table")
            (folder / part / name).write_bytes(kept.read(one))
