"""One page looked at: turned upright, read, measured."""

import cv2
import numpy as np

from services.ports.reading import PageReading, Quality
from uploads.reading.codes import codes_on
from uploads.reading.document import document_on
from uploads.reading.edges import cropped_sides
from uploads.reading.engine import SURE, Engine, Quads
from uploads.reading.fingerprint import fingerprint_of
from uploads.reading.light import brightness_of, glare_of
from uploads.reading.lines import lines_of
from uploads.reading.screen import screen_of
from uploads.reading.seal import seal_on
from uploads.reading.sharpness import sharpness_of
from uploads.reading.sheets import Page, Picture, reduced
from uploads.reading.turning import turn_of, turned_picture, turned_quads

SMALL_PIXELS = 800 * 600
"""What needs no detail is measured on this."""


def look(page: Page, no: int, engine: Engine) -> PageReading:
    """Return everything that is to be seen on a page."""
    high, wide = page.picture.shape[:2]
    found = engine.find(page.picture)
    turn = turn_of(page.picture, found, engine)
    picture = turned_picture(page.picture, turn)
    quads = turned_quads(found, turn, wide, high)
    words = engine.read(engine.crops(picture, quads))
    # What was found and not read is texture: it says nothing about the document.
    is_read = np.array([bool(each.text) and each.score >= SURE for each in words], bool)
    grey, small = _grey(picture), reduced(picture, SMALL_PIXELS)
    lines = _shares(quads[is_read], picture)
    sharp = sharpness_of(grey, quads[is_read])
    screen = screen_of(page.fine, _shares(found[is_read], page.picture))
    width, height = (page.height, page.width) if turn in (90, 270) else (page.width, page.height)
    return PageReading(
        no=no,
        width=width,
        height=height,
        turned=turn,
        quality=_quality(small, lines, sharp, screen),
        seal=seal_on(small, lines),
        fingerprint=fingerprint_of(_grey(small)),
        lines=lines_of(quads, words, *picture.shape[1::-1]),
        codes=codes_on(grey),
    )


def _quality(small: Picture, lines: Quads, sharpness: float, screen: float) -> Quality:
    document = document_on(small, lines)
    grey = _grey(small)
    return Quality(
        sharpness=sharpness,
        brightness=brightness_of(grey, lines),
        glare=glare_of(grey, lines, None if document is None else document.mask),
        screen=screen,
        cropped=cropped_sides(document, lines),
    )


def _grey(picture: Picture) -> Picture:
    return cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)


def _shares(quads: Quads, picture: Picture) -> Quads:
    """Return lines in shares of the picture that they stand on."""
    return (quads / picture.shape[1::-1]).astype(np.float32)
