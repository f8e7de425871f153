"""What the anatomy network sees of an image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def network_input(hu: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the two input channels ``(2, k, j, i)`` in −1…1 for `hu` ``[k, j, i]``.

    The first channel keeps air, tissue and bone apart; the second spreads soft tissue.
    """
    wide = np.clip(hu / 1000.0, -1.0, 1.0)
    soft = np.clip((hu - 50.0) / 200.0, -1.0, 1.0)
    return np.stack([wide, soft]).astype(np.float32)
