"""How cases take their photos: drawn when they are asked for, and not when they are listed."""

from collections.abc import Callable

from PIL import Image

from tests.reading.cases import JPEG, Picture
from tests.reading.photos import Shot, photo


def shot(document: Callable[[], Image.Image], seed: int, **how: object) -> Callable[[], Picture]:
    """Return what takes a photo of a document."""
    return lambda: (photo(document(), Shot(**how), seed), JPEG)  # type: ignore[arg-type]


def several(*pictures: Callable[[], Picture]) -> Callable[[], list[Picture]]:
    return lambda: [each() for each in pictures]
