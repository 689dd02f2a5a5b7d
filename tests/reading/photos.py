"""Documents photographed: laid on a table, tilted, lit, blurred, noisy, compressed."""

import io
import math
import time
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from tests.reading.tables import Pixels, Table, clouds, tabletop

PHOTO = (4000, 3000)
"""12 megapixels."""
UPRIGHT_PHOTO = (3000, 4000)


@dataclass(frozen=True)
class Shot:
    """How a photo is taken.

    ``fill``: the share of the photo's width or height that the document takes at most; ``angle``
    and ``tilt``: degrees clockwise, and how much nearer one edge is; ``shift``: of the document
    from the middle, in shares of the photo; ``light``: 1 is even; ``shade``: how much darker it
    is on one side; ``focus`` and ``shake``: blur in pixels of a 12-megapixel photo; ``glare``:
    the radius of a lamp's reflection as a share of the document's width; ``turn``: by how much
    the phone was turned, clockwise.
    """

    size: tuple[int, int] = PHOTO
    table: Table = Table.WOOD
    fill: float = 0.8
    angle: float = 1.0
    tilt: float = 0.02
    shift: tuple[float, float] = (0.0, 0.0)
    light: float = 0.92
    shade: float = 0.12
    focus: float = 1.0
    shake: float = 0.0
    glare: float = 0.0
    glare_at: tuple[float, float] = (0.35, 0.45)
    noise: float = 4.0
    turn: int = 0
    quality: int = 86


def photo(document: Image.Image, shot: Shot, seed: int) -> bytes:
    """Return the photo as a JPEG."""
    return jpeg(taken(document, shot, seed), shot)


def jpeg(pixels: Pixels, shot: Shot) -> bytes:
    picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    if shot.turn:
        picture = picture.rotate(-shot.turn, expand=True)
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=shot.quality)
    return target.getvalue()


def taken(document: Image.Image, shot: Shot, seed: int) -> Pixels:
    """Return the photo's pixels before they are turned and compressed."""
    chance = np.random.default_rng(seed)
    width, height = shot.size
    scene = tabletop(shot.table, width, height, chance)
    corners = corners_of(document.size, shot)
    _lay(scene, document, corners)
    if shot.glare:
        _reflect(scene, corners, shot)
    return seen(scene, shot, chance)


def seen(scene: Pixels, shot: Shot, chance: np.random.Generator) -> Pixels:
    """Return a scene as a phone's camera sees it: light, lens, sensor."""
    width, height = shot.size
    slope = np.linspace(1, 1 - shot.shade, width, dtype=np.float32)[None, :, None]
    uneven = 1 + 0.03 * clouds(width, height, 2, chance)[..., None]
    lit: Pixels = scene * slope * uneven * shot.light
    ratio = max(width, height) / 4000
    if shot.focus:
        lit = cv2.GaussianBlur(lit, (0, 0), shot.focus * ratio)
    if shot.shake:
        lit = cv2.filter2D(lit, -1, _streak(shot.shake * ratio))
    # No eye and no measure sees that the grain repeats, and drawing twelve million takes long.
    grain = chance.normal(0, shot.noise, (500, 500)).astype(np.float32)
    grain = np.tile(grain, (height // 500 + 1, width // 500 + 1))[:height, :width]
    return np.asarray(lit + grain[..., None], np.float32)


def corners_of(document: tuple[int, int], shot: Shot) -> Pixels:
    """Return where the corners of a document are in the photo, from the upper left clockwise."""
    (width, height), (wide, high) = shot.size, document
    scale = shot.fill * min(width / wide, height / high)
    half = np.array([wide, high], np.float32) * scale / 2
    flat = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * half
    # The edge that is farther away looks shorter.
    flat[0, 0] *= 1 - shot.tilt
    flat[1, 0] *= 1 - shot.tilt
    flat[1, 1] *= 1 - shot.tilt / 2
    angle = math.radians(shot.angle)
    turn = np.array(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]], np.float32
    )
    middle = np.array([width * (0.5 + shot.shift[0]), height * (0.5 + shot.shift[1])], np.float32)
    return np.asarray(flat @ turn + middle, np.float32)


def _lay(scene: Pixels, document: Image.Image, corners: Pixels) -> None:
    wide, high = document.size
    paper: Pixels = np.asarray(document.convert("RGB"), np.float32)
    reach = float(np.linalg.norm(corners[1] - corners[0])) / wide
    if reach < 0.7:
        # A camera gathers what falls on a pixel; leaving pixels out would make false patterns.
        paper = cv2.GaussianBlur(paper, (0, 0), 0.35 / reach)
    flat = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    onto = cv2.getPerspectiveTransform(flat, corners)
    size = scene.shape[1::-1]
    laid = cv2.warpPerspective(paper, onto, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpPerspective(np.full((high, wide), 1, np.float32), onto, size)
    shadow = cv2.GaussianBlur(cv2.resize(mask, (size[0] // 4, size[1] // 4)), (0, 0), 5)
    moved = np.roll(shadow, (3, 4), (0, 1))
    scene *= 1 - 0.35 * cv2.resize(moved, size)[..., None]
    scene *= 1 - mask[..., None]
    scene += laid * mask[..., None]


def _reflect(scene: Pixels, corners: Pixels, shot: Shot) -> None:
    """Wash out a round spot with a soft rim."""
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    x, y = corners[0] + across * shot.glare_at[0] + down * shot.glare_at[1]
    radius = shot.glare * float(np.linalg.norm(across))
    high, wide = scene.shape[:2]
    rows = np.arange(high, dtype=np.float32)[:, None] - y
    columns = np.arange(wide, dtype=np.float32)[None, :] - x
    distance = np.sqrt(rows * rows + columns * columns) / radius
    strength = np.clip(1.6 - distance, 0, 1) * 380
    scene += strength[..., None]


def _streak(length: float) -> Pixels:
    side = max(3, int(length) | 1)
    kernel = np.zeros((side, side), np.float32)
    cv2.line(kernel, (0, side // 3), (side - 1, side - 1 - side // 3), 1.0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def off_screen(document: Image.Image, shot: Shot, seed: int, pitch: float = 3.3) -> bytes:
    """Return the photo of a monitor that shows a document.

    ``pitch`` is how many pixels of the photo one of the monitor covers.
    """
    chance = np.random.default_rng(seed)
    width, height = shot.size
    across, down = round(width * 1.15 / pitch), round(height * 1.15 / pitch)
    shown = Image.new("RGB", (across, down), "#3a4250")
    smaller = document.copy()
    smaller.thumbnail(
        (round(across * shot.fill), round(down * shot.fill)), Image.Resampling.LANCZOS
    )
    shown.paste(smaller, ((across - smaller.width) // 2, (down - smaller.height) // 2))
    cell = 6
    lit: Pixels = np.kron(np.asarray(shown, np.float32), np.ones((cell, cell, 1), np.float32))
    # Each pixel is three stripes with dark between them and below.
    for colour in range(3):
        stripe = np.full(cell, 0.18, np.float32)
        stripe[colour * 2 : colour * 2 + 2] = 2.4
        lit[..., colour] *= np.tile(stripe, across)[None, :]
    lit *= np.tile(np.array([1.1] * (cell - 1) + [0.5], np.float32), down)[:, None, None]
    flat = np.array(
        [[0, 0], [lit.shape[1], 0], [lit.shape[1], lit.shape[0]], [0, lit.shape[0]]], np.float32
    )
    bigger = Shot(**{**shot.__dict__, "fill": 1.12})
    onto = cv2.getPerspectiveTransform(flat, corners_of((lit.shape[1], lit.shape[0]), bigger))
    scene: Pixels = cv2.warpPerspective(lit, onto, shot.size, flags=cv2.INTER_AREA)
    return jpeg(seen(np.asarray(scene, np.float32), shot, chance), shot)


def scanned(document: Image.Image, seed: int, width: int = 1654) -> bytes:
    """Return a flatbed scan as a JPEG: the paper is the whole picture."""
    chance = np.random.default_rng(seed)
    height = round(document.height * width / document.width)
    paper = np.asarray(document.resize((width, height), Image.Resampling.LANCZOS), np.float32)
    grain = chance.normal(0, 2.0, (height, width)).astype(np.float32)
    return jpeg(paper * 0.98 + grain[..., None], Shot(quality=88))


def pdf(pages: list[Image.Image]) -> bytes:
    """Return pages as a PDF of pictures at 150 dots per inch, as a scanner makes it."""
    target = io.BytesIO()
    smaller = []
    for page in pages:
        scale = 1240 / min(page.size)
        size = round(page.width * scale), round(page.height * scale)
        smaller.append(page.resize(size, Image.Resampling.LANCZOS))
    day = time.gmtime(0)
    smaller[0].save(
        target,
        "PDF",
        save_all=True,
        append_images=smaller[1:],
        resolution=150.0,
        creationDate=day,
        modDate=day,
    )
    return target.getvalue()
