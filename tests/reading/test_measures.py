"""Each measure on its own, over pictures of a few strokes."""

import cv2
import numpy as np
import pytest
from PIL import Image

from services.ports.reading import Side
from tests.reading import cards, deeds, papers
from tests.reading.canvas import Canvas
from tests.reading.people import HE, LIN, QIN
from tests.reading.photos import Shot, off_screen, photo, taken
from tests.reading.tables import Table
from uploads.reading.document import document_on
from uploads.reading.edges import cropped_sides
from uploads.reading.engine import Quads
from uploads.reading.fingerprint import fingerprint_of
from uploads.reading.light import brightness_of, glare_of
from uploads.reading.screen import screen_of
from uploads.reading.seal import seal_on
from uploads.reading.sharpness import sharpness_of
from uploads.reading.sheets import Picture, opened

NO_LINES: Quads = np.empty((0, 4, 2), np.float32)
SMALL = (1000, 750)


def bgr(picture: Image.Image) -> Picture:
    return np.ascontiguousarray(np.asarray(picture.convert("RGB"))[..., ::-1])


def grey(picture: Image.Image) -> Picture:
    return np.asarray(picture.convert("L"))


def shot(document: Image.Image, **how: object) -> Image.Image:
    pixels = taken(document, Shot(**{"size": SMALL, **how}), 7)  # type: ignore[arg-type]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def block(left: float, top: float, right: float, bottom: float) -> Quads:
    """Return one line of text, in shares."""
    corners = [[(left, top), (right, top), (right, bottom), (left, bottom)]]
    return np.array(corners, np.float32)


def middle_lines() -> Quads:
    """Return where the print of a diagnosis is when it lies in the middle of a photo."""
    rows = [(0.3, 0.25), (0.3, 0.32), (0.2, 0.4), (0.2, 0.45), (0.2, 0.56), (0.22, 0.61)]
    return np.concatenate([block(x, y, x + 0.35, y + 0.03) for x, y in rows])


class TestSharpness:
    def test_falls_with_blur_and_does_not_care_about_contrast(self) -> None:
        page = papers.diagnosis(QIN).resize((1628, 1147), Image.Resampling.LANCZOS)
        lines = middle_lines() * np.array(page.size, np.float32)
        sharp = sharpness_of(grey(page), lines)
        pale = grey(page.point(lambda value: 150 + value // 4))
        blurred = [
            sharpness_of(cv2.GaussianBlur(grey(page), (0, 0), radius), lines)
            for radius in (1.5, 3, 6)
        ]
        assert sharp > 0.8
        assert abs(sharpness_of(pale, lines) - sharp) < 0.1
        assert sharp > blurred[0] > blurred[1] > blurred[2]
        assert blurred[2] < 0.3

    def test_a_shaken_photo_is_not_sharp_along_the_other_way(self) -> None:
        page = papers.diagnosis(QIN).resize((1628, 1147), Image.Resampling.LANCZOS)
        lines = middle_lines() * np.array(page.size, np.float32)
        streak = cv2.blur(grey(page), (25, 1))
        assert sharpness_of(streak, lines) < 0.35

    def test_without_text_the_sharpest_places_count(self) -> None:
        face = grey(cards.portrait().resize((1050, 1350)))
        assert sharpness_of(face, NO_LINES) > 0.8
        assert sharpness_of(cv2.GaussianBlur(face, (0, 0), 9), NO_LINES) < 0.3

    def test_plain_paper_is_not_called_blurred(self) -> None:
        assert sharpness_of(np.full((400, 600), 230, np.uint8), NO_LINES) == 1.0


class TestLight:
    def test_brightness_is_that_of_the_paper(self) -> None:
        picture = np.full((300, 400), 10, np.uint8)
        picture[100:200, 100:300] = 204
        picture[140:150, 150:250] = 30
        assert brightness_of(picture, block(0.35, 0.45, 0.65, 0.52)) == 0.8

    def test_without_text_the_brightest_tenth_counts(self) -> None:
        picture = np.full((100, 100), 10, np.uint8)
        picture[:20] = 51
        assert brightness_of(picture, NO_LINES) == 0.2

    def test_a_reflection_is_measured_as_its_share_of_the_document(self) -> None:
        page, whole = papers.diagnosis(QIN), np.full((75, 100), 255, np.uint8)
        none, small, large = (
            glare_of(grey(shot(page, glare=radius, glare_at=(0.85, 0.6))), middle_lines(), whole)
            for radius in (0.0, 0.04, 0.12)
        )
        assert none == 0.0
        assert 0.005 < small < 0.05
        # A spot of light is a circle; where it is pure white it is half as wide again.
        assert 0.06 < large < 0.2

    def test_a_scan_is_white_and_has_no_glare(self) -> None:
        page = np.full((400, 600), 255, np.uint8)
        page[100:110, 100:400] = 0
        assert glare_of(page, block(0.15, 0.2, 0.7, 0.3), None) == 0.0

    def test_a_white_box_that_is_printed_is_no_glare(self) -> None:
        page = np.full((400, 600), 215, np.uint8)
        page[200:320, 350:500] = 255
        page[60:70, 60:540] = 20
        page[350:360, 60:540] = 20
        lines = np.concatenate([block(0.1, 0.13, 0.9, 0.2), block(0.1, 0.86, 0.9, 0.92)])
        assert glare_of(page, lines, None) == 0.0
        cv2.circle(page, (200, 200), 60, 255, -1)
        assert glare_of(page, lines, None) > 0.04


class TestEdges:
    @pytest.mark.parametrize(
        ("shift", "sides"),
        [
            ((0.0, 0.0), ()),
            ((0.3, 0.0), (Side.RIGHT,)),
            ((-0.3, 0.0), (Side.LEFT,)),
            ((0.0, 0.3), (Side.BOTTOM,)),
            ((0.0, -0.3), (Side.TOP,)),
            ((0.3, 0.3), (Side.RIGHT, Side.BOTTOM)),
        ],
    )
    @pytest.mark.parametrize("table", Table)
    def test_where_a_sheet_leaves_the_picture(
        self, shift: tuple[float, float], sides: tuple[Side, ...], table: Table
    ) -> None:
        picture = bgr(shot(papers.diagnosis(QIN), shift=shift, table=table))
        lines = np.clip(middle_lines() + np.array(shift, np.float32), 0.02, 0.98)
        assert cropped_sides(document_on(picture, lines), lines) == sides

    @pytest.mark.parametrize("angle", [-8, 0, 8])
    def test_a_scan_is_its_own_page(self, angle: int) -> None:
        page = papers.diagnosis(QIN).resize((1000, 705))
        turned = page.rotate(angle / 8, fillcolor="#fcfcf9")
        assert cropped_sides(document_on(bgr(turned), middle_lines()), middle_lines()) == ()

    def test_light_that_falls_off_is_no_edge(self) -> None:
        page = bgr(papers.diagnosis(QIN).resize((1000, 705))).astype(np.float32)
        page *= np.linspace(1, 0.3, 1000, dtype=np.float32)[None, :, None]
        lines = middle_lines()
        assert cropped_sides(document_on(page.astype(np.uint8), lines), lines) == ()

    def test_a_picture_trimmed_to_a_sheet_is_whole(self) -> None:
        page = shot(papers.diagnosis(QIN), angle=0.0, tilt=0.0)
        trimmed = page.crop((120, 0, 880, 750))
        lines = (middle_lines() - (0.12, 0)) / (0.76, 1)
        assert cropped_sides(document_on(bgr(trimmed), lines), lines) == ()

    def test_a_facing_page_may_leave_the_picture(self) -> None:
        blank = Canvas(180, 120, 8, "#f7efe3")
        blank.text(10, 40, "常住人口登记卡", 6)
        booklet = bgr(shot(blank.picture, shift=(0.3, 0.0), table=Table.DARK))
        lines = block(0.46, 0.42, 0.66, 0.5)
        assert document_on(booklet, lines) is not None
        assert cropped_sides(document_on(booklet, lines), lines) == ()

    def test_lines_that_end_at_the_rim_are_cut(self) -> None:
        lines = np.concatenate([block(0.0, 0.1 * row, 0.7, 0.1 * row + 0.05) for row in (1, 2, 3)])
        assert cropped_sides(None, lines) == (Side.LEFT,)
        assert cropped_sides(None, lines[:1]) == ()


class TestScreen:
    @pytest.mark.parametrize("pitch", [2.3, 3.3, 5.0])
    def test_the_grid_of_a_screen_is_seen(self, pitch: float) -> None:
        how = Shot(size=(2000, 1500), angle=2.0)
        assert screen_of(_fine(off_screen(cards.id_portrait(LIN), how, 3, pitch)), NO_LINES) > 0.8

    @pytest.mark.parametrize("table", Table)
    def test_print_fine_lines_and_tables_have_none(self, table: Table) -> None:
        how = Shot(size=(2000, 1500), table=table, fill=0.6)
        assert screen_of(_fine(photo(cards.id_portrait(LIN), how, 3)), NO_LINES) < 0.25

    def test_lines_of_one_direction_are_no_screen(self) -> None:
        rows = np.tile(np.arange(1200) % 4 < 2, (900, 1)).astype(np.uint8) * 120 + 60
        assert screen_of(rows, NO_LINES) < 0.25
        assert screen_of(rows.T.copy(), NO_LINES) < 0.25

    def test_a_picture_too_small_to_tell_is_not_accused(self) -> None:
        assert screen_of(np.full((200, 900), 90, np.uint8), NO_LINES) == 0.0


def _fine(jpeg: bytes) -> Picture:
    return opened("image/jpeg", jpeg, 0).fine


class TestSeal:
    @pytest.mark.parametrize("light", [0.25, 0.5, 1.0])
    @pytest.mark.parametrize("table", [Table.WOOD, Table.DARK, Table.CLOTH])
    def test_a_seal_is_seen_in_any_light(self, light: float, table: Table) -> None:
        good = bgr(shot(papers.diagnosis(QIN), light=light, table=table))
        bare = bgr(shot(papers.diagnosis(QIN, sealed=False), light=light, table=table))
        assert seal_on(good, middle_lines()) > 0.8
        assert seal_on(bare, middle_lines()) < 0.3

    def test_warm_light_makes_no_seal_and_hides_none(self) -> None:
        warm = np.array([0.62, 0.85, 1.0], np.float32)
        good = (bgr(shot(papers.diagnosis(QIN))) * warm).astype(np.uint8)
        bare = (bgr(shot(papers.diagnosis(QIN, sealed=False))) * warm).astype(np.uint8)
        assert seal_on(good, middle_lines()) > 0.8
        assert seal_on(bare, middle_lines()) < 0.3

    def test_faint_ink_and_oval_seals_count(self) -> None:
        sheet = Canvas(120, 90, 8)
        sheet.seal(60, 45, "示例县人民医院", radius=18)
        white = Image.new("RGB", sheet.picture.size, "white")
        faint = Image.blend(white, sheet.picture, 0.4)
        oval = sheet.picture.resize((960, 500))
        assert seal_on(bgr(faint), NO_LINES) > 0.8
        assert seal_on(bgr(oval), NO_LINES) > 0.8

    def test_a_ring_broken_by_print_is_a_seal(self) -> None:
        sheet = Canvas(120, 90, 8)
        sheet.seal(60, 45, "示例县人民医院", radius=18)
        for y in (36, 41, 46, 51):
            sheet.text(30, y, "经审查核实准予登记颁发此证特此证明如下", 3.2, bold=True)
        assert seal_on(bgr(sheet.picture), NO_LINES) > 0.7

    def test_what_is_red_and_no_seal(self) -> None:
        sheet = Canvas(120, 90, 8)
        sheet.text(60, 8, "示例县人民政府文件", 10, colour="#d02020", anchor="ma")
        sheet.line(10, 24, 110, 24, "#d02020")
        sheet.emblem(30, 50, 12)
        sheet.box(60, 40, 30, 20, fill="#d02020")
        assert seal_on(bgr(sheet.picture), NO_LINES) < 0.3
        assert seal_on(bgr(cards.id_emblem("2016.05.01", "2036.05.01")), NO_LINES) < 0.3
        assert seal_on(bgr(cards.portrait()), NO_LINES) < 0.3


class TestFingerprint:
    def test_it_holds_when_a_photo_is_sent_on(self) -> None:
        page = shot(papers.diagnosis(QIN))
        small = page.resize((640, 480)).convert("L")
        again = Image.fromarray(cv2.convertScaleAbs(np.asarray(small), alpha=0.9, beta=8))
        assert apart(page, again) <= 4

    def test_other_documents_are_far_away(self) -> None:
        page = shot(papers.diagnosis(QIN))
        assert apart(page, shot(deeds.tax_receipt(HE))) > 12
        assert apart(page, shot(cards.id_portrait(LIN), table=Table.DARK)) > 12

    def test_it_is_64_bits(self) -> None:
        assert len(fingerprint_of(grey(shot(papers.diagnosis(QIN))))) == 16


def apart(one: Image.Image, other: Image.Image) -> int:
    first, second = (int(fingerprint_of(grey(each)), 16) for each in (one, other))
    return (first ^ second).bit_count()
