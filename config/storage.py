"""How static files are stored for the web server: named by their content, squeezed once, in a second or two."""

from typing import Any

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """
    Hashed names and gzip.

    Brotli at its highest level would take the better part of a minute for the chart library and win a sixth of its
    size, on a site that is mostly served over loopback; source maps are for the browser's developer tools, so they are
    neither linked nor squeezed.
    """

    patterns = tuple(
        (glob, tuple(rule for rule in rules if "sourceMappingURL" not in str(rule)))
        for glob, rules in CompressedManifestStaticFilesStorage.patterns
        if glob == "*.css"
    )
    keep_only_hashed_files = True

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """Gzip alone, and no source maps."""
        skipped = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
        return Compressor(**{**kwargs, "extensions": skipped, "use_brotli": False})
