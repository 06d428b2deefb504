"""
Conversion factors; the only place where a unit changes.

References
----------
.. [1] BIPM, The International System of Units, 9th edition, 2019 (J, W, kWh).
.. [2] NIST Special Publication 811, 2008, appendix B (the avoirdupois pound).
"""

from typing import TYPE_CHECKING, Final, TypeAlias, Union

# The formulas that are plain arithmetic work without NumPy, which takes longer to load than a short command to run.
if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: A number, or an array with one number a draw or a run: the formulas of core take either.
Quantity: TypeAlias = Union[float, "npt.NDArray[np.float64]"]

J_PER_KWH: Final = 3_600_000.0
W_PER_KW: Final = 1_000.0
G_PER_KG: Final = 1_000.0
KG_PER_LB: Final = 0.45359237
S_PER_H: Final = 3_600.0
H_PER_YEAR: Final = 8_760.0
FLOPS_PER_TFLOPS: Final = 1e12
