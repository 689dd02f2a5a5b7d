"""A CID-keyed font (Noto Serif SC) so embedded that every reader finds the characters again.

fpdf2 numbers characters by their first use and writes a table of its own from these numbers to
the font's glyphs; readers that only know the standard table lose the text. Here a character's
number is its glyph's own (CID), so that the standard table, Identity-H, is the right one.
"""

from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.fonts import Glyph, SubsetMap, TTFFont
from fpdf.output import OutputProducer, PDFFont
from fpdf.syntax import Name


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
    """Writes fonts with the standard table."""

    def _add_fonts(self, *arguments: Any) -> Any:
        found = super()._add_fonts(*arguments)
        for font in found.values():
            if isinstance(font, PDFFont):
                font.encoding = Name("Identity-H")
        return found


def embed(pdf: FPDF, family: str, file: Path) -> None:
    """Add a font of CID-keyed outlines to a document that ``CidOutput`` will write."""
    pdf.add_font(family, "", str(file))
    font = pdf.fonts[family.lower()]
    if not isinstance(font, TTFFont) or not font.is_cid_keyed:
        raise ValueError(f"{file.name} is not a CID-keyed font")
    font.subset = CidSubset(font)


def _cid(glyph: Glyph) -> int:
    name = glyph.glyph_name.removeprefix("cid")
    return int(name) if name.isdigit() else glyph.glyph_id
