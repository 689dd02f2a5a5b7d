"""A reading as plain values, to be kept as JSON, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from models.rules.reading.values import Box, Code, Line, PageReading, Quality, Reading, Side


def dump(reading: Reading) -> dict[str, Any]:
    """Return a reading as JSON has it."""
    return asdict(reading)


def load(stored: Mapping[str, Any]) -> Reading:
    """Return the reading that ``dump`` made plain; raise ``KeyError`` or ``TypeError`` for else."""
    pages = tuple(_page(page) for page in stored["pages"])
    return Reading(pages, stored["left_out"], stored["engine"])


def _page(page: Mapping[str, Any]) -> PageReading:
    quality = dict(page["quality"])
    quality["cropped"] = tuple(Side(side) for side in quality["cropped"])
    parts = {
        "quality": Quality(**quality),
        "lines": tuple(Line(each["text"], each["score"], _box(each)) for each in page["lines"]),
        "codes": tuple(Code(each["format"], each["text"], _box(each)) for each in page["codes"]),
    }
    return PageReading(**{**page, **parts})


def _box(marked: Mapping[str, Any]) -> Box:
    return Box(**marked["box"])
