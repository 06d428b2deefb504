"""Static files that installed packages carry: collected from there, so that no copy of them lies in this repository."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

#: Name under STATIC_URL -> (package, path inside it).
PACKAGE_FILES: Final = {
    "vendor/plotly.min.js": ("plotly", "package_data/plotly.min.js"),
    "vendor/SourceSansPro-Regular.otf": ("font_source_sans_pro", "files/SourceSansPro-Regular.otf"),
    "vendor/SourceSansPro-It.otf": ("font_source_sans_pro", "files/SourceSansPro-It.otf"),
    "vendor/SourceSansPro-Semibold.otf": ("font_source_sans_pro", "files/SourceSansPro-Semibold.otf"),
    "vendor/SourceSansPro-Bold.otf": ("font_source_sans_pro", "files/SourceSansPro-Bold.otf"),
}


def package_file(package: str, path: str) -> Path:
    """Where a file of an installed package lies, found without importing the package."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"The package {package} is not installed; run ./wattprint up again.")
    return Path(spec.submodule_search_locations[0]) / path


class PackageFilesFinder(BaseFinder):
    """Finds the files named in `PACKAGE_FILES`, and no others."""

    def check(self, **kwargs: Any) -> list[Any]:
        """Nothing to configure, so nothing to check."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The absolute path of one file; a list where all matches are asked for."""
        if path not in PACKAGE_FILES:
            return []
        found = str(package_file(*PACKAGE_FILES[path]))
        return [found] if find_all else found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        """Each file with a storage rooted at the folder of its package; the name under STATIC_URL by prefix."""
        for name, (package, path) in PACKAGE_FILES.items():
            file = package_file(package, path)
            storage = FileSystemStorage(location=file.parent)
            storage.prefix = str(Path(name).parent)  # type: ignore[attr-defined]
            yield file.name, storage
