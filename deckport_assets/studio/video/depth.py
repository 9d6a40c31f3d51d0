"""How near each part of a painting is, guessed from the painting alone, for the parallax of a loop.

Cues of a painter (Gibson, "The perception of the visual world", 1950): what is lower in the picture is nearer, what
is dark and full of detail is nearer than what is pale and even (aerial perspective), and the subject stands in the
middle before its background. The guess is made so smooth that nothing tears when the parts move apart.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from deckport_assets.studio.encoding import Pixels

_GUESSED_WIDTH_PX = 96
_BLUR = 0.045
"""The blur of the guess, as a part of the width."""


def nearness(art: Pixels) -> NDArray[np.float32]:
    """0 (far) to 1 (near), of the art's own height and width."""
    height_px, width_px = art.shape[:2]
    size = _GUESSED_WIDTH_PX, max(2, round(height_px * _GUESSED_WIDTH_PX / width_px))
    grey = cv2.cvtColor(cv2.resize(art, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(np.float32)
    down = np.linspace(0, 1, size[1], dtype=np.float32)[:, None]
    across = np.linspace(-1, 1, size[0], dtype=np.float32)[None, :]
    dark = 1 - cv2.GaussianBlur(grey, (0, 0), 2) / max(float(grey.max()), 1.0)
    edges = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    detail = cv2.GaussianBlur(edges, (0, 0), 3)
    subject = np.exp(-((across / 0.55) ** 2) - ((down - 0.55) / 0.38) ** 2)
    near = 0.75 * down**2 + 0.45 * dark * (0.4 + 0.6 * down) + 0.35 * detail / max(float(detail.max()), 1.0) * subject
    smooth = np.asarray(cv2.GaussianBlur((near + 0.35 * subject).astype(np.float32), (0, 0), _BLUR * size[0]))
    near = (smooth - smooth.min()) / max(float(np.ptp(smooth)), 1e-6)
    return np.asarray(cv2.resize(near, (width_px, height_px), interpolation=cv2.INTER_CUBIC), np.float32).clip(0, 1)
