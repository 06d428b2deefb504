"""What is emitted: pure arithmetic on NumPy and pydantic, with no framework, no I/O and no clock."""

from typing import Final

#: Version of the formulas, stored with each result so that it can be recomputed and compared.
ENGINE_VERSION: Final = "0.1.0"
