"""Pictures, opened in the child: limits first, then a clean working copy and a thumbnail."""

import importlib
from typing import Any, BinaryIO

from uploads import copies, polyglots
from uploads.blocks import Blocks
from uploads.kinds import Kind
from uploads.opening import Opened

MAX_PNG_COPY_PIXELS = 2_000_000

# A child that never sees a HEIC never loads its decoder.
OPENERS = {
    Kind.JPEG: "uploads.jpeg",
    Kind.PNG: "uploads.png",
    Kind.WEBP: "uploads.webp",
    Kind.HEIC: "uploads.heif",
    Kind.HEIF: "uploads.heif",
}
TURNED = frozenset({5, 6, 7, 8})


def inspect(source: BinaryIO, kind: str, working: BinaryIO, thumbnail: BinaryIO) -> dict[str, Any]:
    """Check the picture in ``source`` and write ``working`` and ``thumbnail``.

    Returns the size as it is seen (turned by its orientation) and the MIME type of the working
    copy. Raises ``MaterialUnreadable`` or a subclass, and whatever the decoder raises.
    """
    is_a = Kind(kind)
    opened: Opened = importlib.import_module(OPENERS[is_a]).opened(source)
    polyglots.check_picture(Blocks(source), opened.end)
    width, height = opened.width, opened.height
    stays_png = is_a is Kind.PNG and width * height <= MAX_PNG_COPY_PIXELS
    orientation = opened.orientation
    clean = copies.clean(opened.rows)
    # From here on the copy is all that is needed, and the original of 25 megapixels takes 100 MB.
    del opened
    clean = copies.upright(clean, orientation)
    copies.save(clean, working, "PNG" if stays_png else "JPEG", quality=copies.WORKING_QUALITY)
    clean.thumbnail((copies.THUMBNAIL_SIDE, copies.THUMBNAIL_SIDE))
    copies.save(clean, thumbnail, "JPEG", quality=copies.THUMBNAIL_QUALITY)
    if orientation in TURNED:
        width, height = height, width
    mime = Kind.PNG if stays_png else Kind.JPEG
    return {"pages": 1, "width": width, "height": height, "working_mime": mime.value}
