"""A perceptual hash: 64 bits that hardly change when a picture is scaled or compressed again."""

import cv2
import numpy as np

from uploads.reading.sheets import Picture

SIDE = 32
BITS_A_SIDE = 8


def fingerprint_of(grey: Picture) -> str:
    """Return 16 hex digits: a bit for each low frequency that is above their median."""
    small = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    # The first row and column only say how bright it is, at large.
    low = cv2.dct(small)[1 : BITS_A_SIDE + 1, 1 : BITS_A_SIDE + 1].ravel()
    bits = low > np.median(low)
    return f"{int.from_bytes(np.packbits(bits).tobytes(), 'big'):016x}"
