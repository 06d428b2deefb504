"""A dataset is kept as one archive and opened again."""

import io
import zipfile
from pathlib import Path

import pytest

from estimator.reference import catalogue
from estimator.reference.kept import packed, unpacked
from estimator.reference.shelf import Shelf


def test_equal_tables_give_equal_bytes_and_come_back(tmp_path: Path) -> None:
    shelf = catalogue.shelf()
    archive = packed(shelf)
    assert archive == packed(Shelf(shelf.folder, operator_folder=shelf.operator_folder))
    again = unpacked(archive, version=shelf.dataset_version, folder=tmp_path)
    assert again.dataset_version == shelf.dataset_version
    assert again.accelerators == shelf.accelerators
    # The second time it lies there already.
    assert unpacked(b"", version=shelf.dataset_version, folder=tmp_path).dataset_version == shelf.dataset_version
    assert [path.name for path in tmp_path.iterdir()] == [shelf.dataset_version]


def test_an_archive_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds"):
        unpacked(packed(catalogue.shelf()), version="0" * 12, folder=tmp_path)


@pytest.mark.parametrize("name", ["shipped/../escape.csv", "/shipped/x.csv", "shipped/x.py", "elsewhere/x.csv"])
def test_what_is_no_table_is_not_laid_out(tmp_path: Path, name: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr(name, "x")
    with pytest.raises(ValueError, match="no table"):
        unpacked(archive.getvalue(), version="1" * 12, folder=tmp_path / "datasets")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
