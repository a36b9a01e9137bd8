"""How far a share that was counted may be from the one behind it. Hides quantiles of the normal distribution."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import numpy.typing as npt

F64 = npt.NDArray[np.float64]


def wilson(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64], confidence: float = 0.95) -> tuple[F64, F64]:
    """The lowest and the highest share that agree with `part` of `whole`, element by element.

    Shapes:  two arrays of one shape; 0 <= part <= whole.
    Returns: NaN for both where `whole` is 0; never below 0 or above 1, unlike part / whole plus or minus its error.
    Source:  E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), 209-212; docs/metrics/feature-retention.md.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    n = np.where(whole > 0, whole, np.nan)
    share = part / n
    centre = share + z * z / (2 * n)
    reach = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (centre - reach) / (1 + z * z / n), (centre + reach) / (1 + z * z / n)
    # none and all of them are the ends of the scale, whatever rounding makes of it
    return np.where(part == 0, np.where(whole > 0, 0.0, np.nan), low), np.where(
        part == whole, np.where(whole > 0, 1.0, np.nan), high
    )
