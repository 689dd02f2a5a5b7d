"""A CID-keyed font (Noto Serif SC) so embedded that every reader finds the characters again.

fpdf2 numbers characters by their first use and writes a table of its own from these numbers to
the font's glyphs; readers that only know the standard table lose the text. Here a character's
number is its glyph's own (CID), so that the standard table, Identity-H, is the right one.

A font of 30,000 characters is read once and cut down by HarfBuzz to what a document needs: by
fpdf2 alone both took ten times as long as all the rest.
"""

import io
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any

import uharfbuzz
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.fonts import Glyph, SubsetMap, TTFFont
from fpdf.output import OutputProducer, PDFFont
from fpdf.syntax import Name

# What a page needs nothing of: how glyphs follow and replace one another.
DROPPED = ("BASE", "GDEF", "GPOS", "GSUB", "VORG")


class CidSubset(SubsetMap):
    """The glyphs in use, each under its own CID."""

    def __init__(self, font: TTFFont) -> None:
        super().__init__(font)
        self._char_id_per_glyph.clear()
        for unicode in self._reserved:
            self.pick_glyph(self.get_glyph(unicode=unicode))

    def pick_glyph(self, glyph: Glyph | None) -> int | None:
        if glyph is None:
            return None
        return self._char_id_per_glyph.setdefault(glyph, _cid(glyph))


class CidOutput(OutputProducer):
    """Writes fonts cut down to what is in use, with the standard table."""

    def _add_fonts(self, *arguments: Any) -> Any:
        for font in self.fpdf.fonts.values():
            if isinstance(font, TTFFont):
                font.ttfont = _cut_down(font)
        found = super()._add_fonts(*arguments)
        for written in found.values():
            if isinstance(written, PDFFont):
                written.encoding = Name("Identity-H")
        return found


def embed(pdf: FPDF, family: str, file: Path) -> None:
    """Add a font of CID-keyed outlines to a document that ``CidOutput`` will write."""
    # What every document shares is only read; what it writes down as it goes is its own.
    font = copy(_read(file))
    font.desc, font.missing_glyphs, font.biggest_size_pt = copy(font.desc), [], 0
    font.subset = CidSubset(font)
    pdf.fonts[family.lower()] = font
    pdf._set_min_pdf_version("1.6")


@cache
def _read(file: Path) -> TTFFont:
    pdf = FPDF()
    pdf.add_font("one", "", str(file))
    font = pdf.fonts["one"]
    if not isinstance(font, TTFFont) or not font.is_cid_keyed:
        raise ValueError(f"{file.name} is not a CID-keyed font")
    return font


@cache
def _face(file: Path) -> uharfbuzz.Face:
    return uharfbuzz.Face(uharfbuzz.Blob.from_file_path(str(file)))


def _cut_down(font: TTFFont) -> TTFont:
    """Return the font with the glyphs in use alone, under the names that they had."""
    wanted = uharfbuzz.SubsetInput()
    wanted.flags = uharfbuzz.SubsetFlags.NOTDEF_OUTLINE
    names = font.subset.get_all_glyph_names()
    glyphs = wanted.sets(uharfbuzz.SubsetInputSets.GLYPH_INDEX)
    glyphs.update(font.ttfont.getGlyphID(name) for name in names)
    tags = wanted.sets(uharfbuzz.SubsetInputSets.DROP_TABLE_TAG)
    tags.update(int.from_bytes(tag.encode()) for tag in DROPPED)
    small = uharfbuzz.subset(_face(Path(font.ttffile)), wanted).blob.data
    # The boxes of the whole font hold for any part of it; none is measured again.
    return TTFont(io.BytesIO(small), recalcBBoxes=False, recalcTimestamp=False)


def _cid(glyph: Glyph) -> int:
    name = glyph.glyph_name.removeprefix("cid")
    return int(name) if name.isdigit() else glyph.glyph_id
