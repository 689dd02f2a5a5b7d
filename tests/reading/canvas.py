"""Paper to draw on, measured in millimetres."""

import math
from pathlib import Path

import pylopdf_fonts_zh_cn
from PIL import Image, ImageDraw, ImageFont

_FONTS = Path(pylopdf_fonts_zh_cn.__file__).parent
INK = "#1c1c1c"
SAMPLE = "模拟样本"
SHEET_DOTS = 11


def font(size: int, serif: bool = False) -> ImageFont.FreeTypeFont:
    name = "NotoSerifSC-Regular.otf" if serif else "NotoSansSC-Regular.otf"
    return ImageFont.truetype(str(_FONTS / name), size)


class Canvas:
    """A card or a sheet; ``dots`` is pixels for each millimetre."""

    def __init__(self, width: float, height: float, dots: int, colour: str = "white") -> None:
        self.dots = dots
        self.width, self.height = width, height
        self.picture = Image.new("RGB", (self._px(width), self._px(height)), colour)
        self.draw = ImageDraw.Draw(self.picture)

    def _px(self, millimetres: float) -> int:
        return round(millimetres * self.dots)

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float,
        *,
        colour: str = INK,
        serif: bool = False,
        anchor: str = "la",
        gap: float = 0,
        bold: bool = False,
    ) -> None:
        """Write a line; ``gap`` spreads its characters, ``anchor`` is Pillow's."""
        letters = font(self._px(size), serif)
        stroke = max(1, self._px(size * 0.02)) if bold else 0
        if not gap:
            place = (self._px(x), self._px(y))
            self.draw.text(place, words, colour, letters, anchor=anchor, stroke_width=stroke)
            return
        step = size + gap
        start = x - (step * len(words) - gap) / 2 if anchor[0] == "m" else x
        for number, letter in enumerate(words):
            place = (self._px(start + number * step), self._px(y))
            anchored = f"l{anchor[1]}"
            self.draw.text(place, letter, colour, letters, anchor=anchored, stroke_width=stroke)

    def lines(self, x: float, y: float, words: str, size: float, per_line: int) -> float:
        """Write text over several lines; return where the next would begin."""
        for start in range(0, len(words), per_line):
            self.text(x, y, words[start : start + per_line], size)
            y += size * 1.5
        return y

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        fill: str | None = None,
        outline: str | None = None,
        rule: float = 0.2,
    ) -> None:
        """Draw a rectangle; ``rule`` is how wide its outline is."""
        corners = (self._px(x), self._px(y), self._px(x + width), self._px(y + height))
        self.draw.rectangle(corners, fill, outline, max(1, self._px(rule)))

    def line(self, x: float, y: float, to_x: float, to_y: float, colour: str = INK) -> None:
        ends = (self._px(x), self._px(y), self._px(to_x), self._px(to_y))
        self.draw.line(ends, colour, max(1, self._px(0.2)))

    def waves(self, colour: str, *, every: float = 2.0, depth: float = 1.2) -> None:
        """Cover the card with the fine lines that real ones have under their print."""
        for number in range(int(self.height / every) + 2):
            points = [
                (
                    self._px(x),
                    self._px(number * every + depth * math.sin(x / 4.0 + number * 0.7)),
                )
                for x in range(0, int(self.width) + 2)
            ]
            self.draw.line(points, colour, max(1, self._px(0.12)))

    def table(
        self, x: float, y: float, widths: list[float], rows: list[list[str]], height: float = 9
    ) -> float:
        """Draw a table with thin rules; return where it ends."""
        size = 3.7
        for number, row in enumerate(rows):
            left = x
            top = y + number * height
            for width, words in zip(widths, row, strict=True):
                self.box(left, top, width, height, outline=INK)
                self.text(left + 1.5, top + height / 2, words, size, anchor="lm")
                left += width
        return y + len(rows) * height

    def seal(self, x: float, y: float, words: str, *, radius: float = 20, middle: str = "") -> None:
        """Stamp a round red seal over what is there, with the words along its rim."""
        side = self._px(radius * 2)
        stamp = Image.new("L", (side, side), 0)
        pen = ImageDraw.Draw(stamp)
        rim = self._px(radius * 0.06)
        pen.ellipse((rim, rim, side - rim, side - rim), outline=255, width=rim)
        self._star(pen, side / 2, side / 2, side * 0.14)
        _along_rim(stamp, words, side)
        if middle:
            letters = font(round(side * 0.09))
            pen.text((side / 2, side * 0.74), middle, 255, letters, anchor="mm")
        self._press(stamp, x - radius, y - radius)

    def square_seal(self, x: float, y: float, words: str, side: float = 18) -> None:
        """Stamp a square red seal, its words in rows of three."""
        pixels = self._px(side)
        stamp = Image.new("L", (pixels, pixels), 0)
        pen = ImageDraw.Draw(stamp)
        rim = self._px(side * 0.05)
        pen.rectangle((rim, rim, pixels - rim, pixels - rim), outline=255, width=rim)
        size = round(pixels * 0.24)
        for number, letter in enumerate(words[:9]):
            place = (pixels * (0.23 + 0.27 * (number % 3)), pixels * (0.23 + 0.27 * (number // 3)))
            pen.text(place, letter, 255, font(size), anchor="mm")
        self._press(stamp, x, y)

    def _press(self, stamp: Image.Image, x: float, y: float) -> None:
        place = (self._px(x), self._px(y))
        # Ink lets the print below show through.
        self.picture.paste((205, 30, 38), place, stamp.point(lambda value: int(value * 0.85)))

    @staticmethod
    def _star(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float) -> None:
        points = [
            (
                x + radius * (1 if number % 2 == 0 else 0.4) * math.sin(number * math.pi / 5),
                y - radius * (1 if number % 2 == 0 else 0.4) * math.cos(number * math.pi / 5),
            )
            for number in range(10)
        ]
        pen.polygon(points, fill=255)

    def emblem(self, x: float, y: float, radius: float) -> None:
        """Draw a flat round badge where real documents bear the emblem of the state."""
        for share, colour in ((1.0, "#c8202a"), (0.82, "#e8b84a"), (0.74, "#c8202a")):
            reach = radius * share
            self.draw.ellipse(
                tuple(self._px(each) for each in (x - reach, y - reach, x + reach, y + reach)),
                colour,
            )

    def figure(self, x: float, y: float, width: float, height: float, paper: str) -> None:
        """Paste the picture of somebody's head and shoulders."""
        self.picture.paste(
            somebody(self._px(width), self._px(height), paper), (self._px(x), self._px(y))
        )


def sheet_of(width: float = 210, height: float = 297, colour: str = "#fcfcf9") -> Canvas:
    """Return a sheet of paper, A4 unless said otherwise."""
    sheet = Canvas(width, height, SHEET_DOTS, colour)
    sheet.text(width - 6, height - 5, SAMPLE, 2.6, colour="#8a8a8a", anchor="rd")
    return sheet


def somebody(width: int, height: int, paper: str) -> Image.Image:
    """Draw a head and shoulders on plain paper, in pixels."""
    picture = Image.new("RGB", (width, height), paper)
    pen = ImageDraw.Draw(picture)

    def oval(left: float, top: float, right: float, bottom: float, colour: str) -> None:
        pen.ellipse((left * width, top * height, right * width, bottom * height), colour)

    oval(0.08, 0.66, 0.92, 1.5, "#27384f")
    pen.rectangle((0.42 * width, 0.55 * height, 0.58 * width, 0.72 * height), "#d9a888")
    oval(0.25, 0.12, 0.75, 0.55, "#2a2220")
    oval(0.29, 0.2, 0.71, 0.62, "#e6b998")
    for eye in (0.41, 0.59):
        oval(eye - 0.03, 0.38, eye + 0.03, 0.41, INK)
    pen.arc(
        (0.42 * width, 0.47 * height, 0.58 * width, 0.54 * height),
        20,
        160,
        "#8a3b34",
        max(1, width // 60),
    )
    return picture


def _along_rim(stamp: Image.Image, words: str, side: int) -> None:
    """Write words in a circle, their feet towards the middle."""
    size = round(side * 0.13)
    spread = math.radians(min(300, 24 * len(words)))
    for number, letter in enumerate(words):
        turn = -spread / 2 + spread * (number + 0.5) / len(words)
        tile = Image.new("L", (size * 2, size * 2), 0)
        ImageDraw.Draw(tile).text((size, size), letter, 255, font(size), anchor="mm")
        tile = tile.rotate(-math.degrees(turn), Image.Resampling.BICUBIC)
        reach = side * 0.36
        place = (
            round(side / 2 + reach * math.sin(turn) - size),
            round(side / 2 - reach * math.cos(turn) - size),
        )
        stamp.paste(255, place, tile)
