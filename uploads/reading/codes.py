"""QR and bar codes on a page."""

import zxingcpp

from services.ports.reading import Box, Code
from uploads.reading.sheets import Picture

MAX_CODES = 20
MAX_SIGNS = 2000


def codes_on(grey: Picture) -> tuple[Code, ...]:
    """Return the codes that can be read on a grey picture."""
    height, width = grey.shape
    found = zxingcpp.read_barcodes(grey)
    return tuple(
        Code(each.format.name, each.text[:MAX_SIGNS], _box(each.position, width, height))
        for each in found[:MAX_CODES]
    )


def _box(position: zxingcpp.Position, width: int, height: int) -> Box:
    corners = (
        position.top_left,
        position.top_right,
        position.bottom_right,
        position.bottom_left,
    )
    across = [min(1.0, max(0.0, corner.x / width)) for corner in corners]
    down = [min(1.0, max(0.0, corner.y / height)) for corner in corners]
    return Box(*(round(each, 4) for each in (min(across), min(down), max(across), max(down))))
