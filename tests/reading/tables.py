"""What documents lie on when a phone takes them, as pixels of a photo."""

from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]
"""Rows of pixels, each red, green and blue from 0 to 255."""


class Table(StrEnum):
    WOOD = "WOOD"
    DARK = "DARK"
    DESK = "DESK"
    CLOTH = "CLOTH"
    STONE = "STONE"


def tabletop(table: Table, width: int, height: int, chance: np.random.Generator) -> Pixels:
    """Draw a table that fills a photo."""
    return _DRAWN[table](width, height, chance)


def clouds(width: int, height: int, cells: int, chance: np.random.Generator) -> Pixels:
    """Return a soft random field from -1 to 1; ``cells`` across."""
    coarse = chance.uniform(-1, 1, (max(2, cells * height // width), max(2, cells)))
    field = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(field, np.float32)


def _coloured(shade: Pixels, colour: tuple[int, int, int]) -> Pixels:
    return np.asarray(shade[..., None] * np.array(colour, np.float32), np.float32)


def _wood(width: int, height: int, chance: np.random.Generator) -> Pixels:
    bend = clouds(width, height, 4, chance) * 2.0
    down = np.linspace(0, 26, height, dtype=np.float32)[:, None]
    rings = np.sin((down + bend) * 5.0)
    fibre = cv2.resize(chance.uniform(-1, 1, (height // 3, 12)).astype(np.float32), (width, height))
    return _coloured(1 + 0.09 * rings + 0.07 * fibre, (171, 122, 78))


def _dark(width: int, height: int, chance: np.random.Generator) -> Pixels:
    return _coloured(1 + 0.2 * clouds(width, height, 6, chance), (44, 42, 46))


def _desk(width: int, height: int, chance: np.random.Generator) -> Pixels:
    """A light desk: hardly darker than paper."""
    return _coloured(1 + 0.03 * clouds(width, height, 3, chance), (198, 196, 190))


def _cloth(width: int, height: int, chance: np.random.Generator) -> Pixels:
    """A tablecloth with squares and flowers: busy all over."""
    across = np.arange(width, dtype=np.float32)[None, :]
    down = np.arange(height, dtype=np.float32)[:, None]
    cell = width / 16
    squares = 0.5 * ((across // cell) % 2) + 0.5 * ((down // cell) % 2)
    cloth = _coloured(1 - 0.35 * squares, (214, 202, 196))
    for _ in range(150):
        x, y = int(chance.integers(0, width)), int(chance.integers(0, height))
        reach = int(chance.integers(width // 120, width // 45))
        colour = tuple(float(each) for each in chance.choice(_FLOWERS))
        cv2.circle(cloth, (x, y), reach, colour, -1, cv2.LINE_AA)
    return cloth


_FLOWERS = [(184, 64, 84), (66, 122, 80), (232, 180, 70), (84, 96, 160)]


def _stone(width: int, height: int, chance: np.random.Generator) -> Pixels:
    grains = chance.normal(0, 0.16, (height // 3, width // 3)).astype(np.float32)
    speckled = cv2.resize(grains, (width, height), interpolation=cv2.INTER_LINEAR)
    return _coloured(1 + speckled + 0.05 * clouds(width, height, 5, chance), (128, 126, 130))


_DRAWN = {
    Table.WOOD: _wood,
    Table.DARK: _dark,
    Table.DESK: _desk,
    Table.CLOTH: _cloth,
    Table.STONE: _stone,
}
