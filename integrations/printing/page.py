"""The pages of one document: a cursor that goes down, and what it writes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import segno
from fpdf import FPDF
from fpdf.enums import TextMode

from integrations.printing.font import CidOutput, embed
from integrations.printing.lines import broken

FONT = "Serif"
WIDTH, HEIGHT = 210.0, 297.0
LEFT, RIGHT, TOP, BOTTOM = 26.0, 24.0, 22.0, 22.0
COLUMN = WIDTH - LEFT - RIGHT
RED = (200, 16, 16)
POINT = 25.4 / 72
CELL_PAD = 1.6
BORDER = 0.25


class Pages:
    """A4 pages in millimetres. Sizes of type are in points, ``leading`` is the height of a line."""

    def __init__(self, font: Path, title: str, author: str, dated: datetime) -> None:
        pdf = FPDF(format="A4", unit="mm")
        pdf.set_auto_page_break(False)
        pdf.set_margin(0)
        pdf.c_margin = 0
        # The day of the document, not of its printing: printed again it is the same file.
        pdf.set_creation_date(dated.astimezone(UTC))
        pdf.set_title(title)
        pdf.set_author(author)
        pdf.set_lang("zh-CN")
        embed(pdf, FONT, font)
        pdf.set_font(FONT, size=14)
        self._pdf = pdf
        self.y = TOP
        self.turn()

    def turn(self) -> None:
        """Go to the top of a new page; the type stays as it is."""
        self._pdf.add_page()
        self.y = TOP

    def keep(self, height: float) -> None:
        """Turn the page unless so much room is left on it."""
        if self.y + height > HEIGHT - BOTTOM:
            self.turn()

    def size(self, points: float) -> None:
        self._pdf.set_font_size(points)

    def wrapped(self, text: str, width: float, *, first: float | None = None) -> list[str]:
        return broken(text, width, self._pdf.get_string_width, first=first)

    def line(
        self,
        text: str,
        leading: float,
        *,
        align: str = "L",
        x: float = LEFT,
        width: float = COLUMN,
        bold: bool = False,
        red: bool = False,
    ) -> None:
        """Write one line and go down by ``leading``."""
        with self._pdf.local_context():
            if bold:
                # The family has one weight: its outline is drawn too.
                self._pdf.text_mode = TextMode.FILL_STROKE
                self._pdf.set_line_width(0.25)
            self._pdf.set_text_color(*(RED if red else (0, 0, 0)))
            self._pdf.set_draw_color(*(RED if red else (0, 0, 0)))
            self._pdf.set_xy(x, self.y)
            self._pdf.cell(width, leading, text, align=align)
        self.y += leading

    def paragraph(self, text: str, points: float, leading: float, *, indent: bool = True) -> None:
        """Write a text over as many lines and pages as it takes."""
        self.size(points)
        step = 2 * points * POINT if indent else 0.0
        lines = self.wrapped(text, COLUMN, first=COLUMN - step)
        for number, line in enumerate(lines):
            # One line alone at the foot or at the head of a page is hard to follow.
            left = len(lines) - number
            together = {0: left if left <= 3 else 2, len(lines) - 2: 2}.get(number, 1)
            self.keep(leading * together)
            shift = step if number == 0 else 0.0
            self.line(line, leading, x=LEFT + shift, width=COLUMN - shift)

    def height(self, text: str, points: float, leading: float) -> float:
        """Return how much room a paragraph takes."""
        self.size(points)
        return leading * len(self.wrapped(text, COLUMN, first=COLUMN - 2 * points * POINT))

    def rule(self, *, red: bool = False, thick: float = 0.6) -> None:
        with self._pdf.local_context():
            self._pdf.set_draw_color(*(RED if red else (0, 0, 0)))
            self._pdf.set_line_width(thick)
            self._pdf.line(LEFT, self.y, WIDTH - RIGHT, self.y)

    def row(
        self, cells: Sequence[Sequence[str]], widths: Sequence[float], leading: float, *, head: bool
    ) -> None:
        """Write a row of boxes; each cell is a list of lines."""
        height = max(len(lines) for lines in cells) * leading + 2 * CELL_PAD
        self.keep(height)
        top, x = self.y, LEFT
        self._pdf.set_line_width(BORDER)
        self._pdf.set_draw_color(0, 0, 0)
        for lines, width in zip(cells, widths, strict=True):
            self._pdf.rect(x, top, width, height)
            self.y = top + (height - len(lines) * leading) / 2 if head else top + CELL_PAD
            for line in lines:
                centred = "C" if head else "L"
                self.line(line, leading, align=centred, x=x + CELL_PAD, width=width - 2 * CELL_PAD)
            x += width
        self.y = top + height

    def qr(self, link: str, x: float, y: float, side: float) -> None:
        """Draw a QR code, module by module, so that it is sharp at any size."""
        matrix = [list(row) for row in segno.make_qr(link, error="m").matrix]
        module = side / len(matrix)
        self._pdf.set_fill_color(0, 0, 0)
        for down, row in enumerate(matrix):
            for across, dark in enumerate(row):
                if dark:
                    # A hair wider than it is, or viewers show seams.
                    self._pdf.rect(
                        x + across * module,
                        y + down * module,
                        module + 0.02,
                        module + 0.02,
                        style="F",
                    )

    def number(self, number: str) -> None:
        """Write the document's number and the page's own at the foot of each page."""
        pages = self._pdf.pages_count
        for page in range(1, pages + 1):
            self._pdf.page = page
            self._pdf.set_font(FONT, size=10)
            self.y = HEIGHT - 16
            self.line(number, 5)
            self.y = HEIGHT - 16
            self.line(f"第{page}页，共{pages}页", 5, align="R")

    def output(self) -> bytes:
        return bytes(self._pdf.output(output_producer_class=CidOutput))
