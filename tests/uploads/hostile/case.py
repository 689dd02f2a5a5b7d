"""One hostile file."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Hostile:
    """A file that is made when it is needed.

    ``refused``: there is no harmless way to take it. What a client calls it is ``file_name``.
    """

    name: str
    make: Callable[[], bytes]
    refused: bool = True
    file_name: str = "照片.jpg"
