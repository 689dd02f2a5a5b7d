"""A CID-keyed font (Noto Serif SC) so embedded that every reader finds the characters again.

fpdf2 numbers characters by their first use and writes a table of its own from these numbers to
the font's glyphs; readers that only know the standard table lose the text. Here a character's
number is its glyph's own (CID), so that the standard table, Identity-H, is the right one.

A font of 30,000 characters is read once and cut down by HarfBuzz to what a document needs: by
fpdf2 alone both took ten times as long as all the rest.
"""

import io
from collections.abc import Sequence
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import uharfbuzz
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.fonts import Glyph, SubsetMap, TTFFont
from fpdf.output import CIDSystemInfo, OutputProducer, PDFFont, PDFFontStream
from fpdf.syntax import Name, PDFArray, PDFContentStream, PDFObject, PDFString

Made = TypeVar("Made", bound=PDFObject)

TAG = "ZHANGB"  # six letters say that it is a part of the font
BLOCK = 100  # entries in one block of a character table
HEAD = (
    "/CIDInit /ProcSet findresource begin",
    "12 dict begin",
    "begincmap",
    "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
    "/CMapName /Adobe-Identity-UCS def",
    "/CMapType 2 def",
    "1 begincodespacerange",
    "<0000> <FFFF>",
    "endcodespacerange",
)
TAIL = ("endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end")


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
    """Writes each font cut down to what is in use, with the standard table."""

    def _add_fonts(self, *_: Any) -> dict[int, Any]:
        fonts = (font for font in self.fpdf.fonts.values() if isinstance(font, TTFFont))
        return {font.i: self._written(font) for font in fonts}

    def _written(self, font: TTFFont) -> PDFFont:
        used = sorted((cid, glyph) for glyph, cid in font.subset.items() if glyph is not None)
        name = f"{TAG}+{font.name}"
        widths = " ".join(f"{cid} [{glyph.glyph_width}]" for cid, glyph in used)
        inner = PDFFont("CIDFontType0", name, d_w=font.desc.missing_width, w=f"[{widths}]")
        inner.c_i_d_system_info = self._added(_system(font))
        inner.font_descriptor = self._added(font.desc)
        font.desc.font_name = Name(name)
        outlines = PDFFontStream(contents=_cut_down(font, [glyph for _, glyph in used]))
        outlines.subtype = Name("CIDFontType0C")  # type: ignore[attr-defined]
        font.desc.font_file3 = self._added(outlines)  # type: ignore[attr-defined]
        whole = PDFFont("Type0", name, "Identity-H")
        whole.descendant_fonts = PDFArray([self._added(inner)])
        whole.to_unicode = self._added(PDFContentStream(_characters(used)))
        return self._added(whole)

    def _added(self, made: Made) -> Made:
        self._add_pdf_obj(made, "fonts")
        return made


def _system(font: TTFFont) -> CIDSystemInfo:
    system = CIDSystemInfo()
    registry, ordering, system.supplement = font.cff_ros or ("Adobe", "Identity", 0)
    system.registry = PDFString(registry, encrypt=True)
    system.ordering = PDFString(ordering, encrypt=True)
    return system


def _characters(used: Sequence[tuple[int, Glyph]]) -> bytes:
    """Return the table by which a reader finds and copies text (PDF 32000-1, 9.10.3)."""
    lines = [
        f"<{cid:04X}> <{''.join(map(chr, glyph.unicode)).encode('utf-16-be').hex()}>"
        for cid, glyph in used
        if isinstance(glyph.unicode, tuple) and glyph.unicode
    ]
    blocks = [lines[at : at + BLOCK] for at in range(0, len(lines), BLOCK)]
    said = [f"{len(block)} beginbfchar\n{chr(10).join(block)}\nendbfchar" for block in blocks]
    return "\n".join((*HEAD, *said, *TAIL)).encode("ascii")


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


def _cut_down(font: TTFFont, glyphs: Sequence[Glyph]) -> bytes:
    """Return the outlines (CFF) of these glyphs alone, under the numbers that they had."""
    wanted = uharfbuzz.SubsetInput()
    wanted.flags = uharfbuzz.SubsetFlags.NOTDEF_OUTLINE
    wanted.sets(uharfbuzz.SubsetInputSets.GLYPH_INDEX).update(
        font.ttfont.getGlyphID(glyph.glyph_name) for glyph in glyphs
    )
    small = uharfbuzz.subset(_face(Path(font.ttffile)), wanted).blob.data
    reader = TTFont(io.BytesIO(small), lazy=True).reader
    assert reader is not None
    return bytes(reader["CFF "])


def _cid(glyph: Glyph) -> int:
    name = glyph.glyph_name.removeprefix("cid")
    return int(name) if name.isdigit() else glyph.glyph_id
