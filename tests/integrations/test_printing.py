"""Documents on paper: every kind, its characters found again, the same bytes each time."""

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject

from integrations.printing.lines import broken, units
from integrations.printing.printer import PdfPrinter, printed
from models.rules.events import Event
from models.rules.notices import NoticeKind
from tests.documents import CHECK, WHOLE, filled, said


def text_of(paper: bytes) -> str:
    """Return a PDF's text without any blanks, and without the foot of each page but the last."""
    pages = ["".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(paper)).pages]
    feet = [re.sub(r"示卫健\w+〔2026〕12号第\d+页，共\d+页$", "", page) for page in pages[:-1]]
    return "".join([*feet, pages[-1]])


def content(kind: NoticeKind, **changes: Any) -> dict[str, Any]:
    event, more = WHOLE[kind]
    return {**filled(kind, event, **more).content(), **changes}


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_kind_is_printed_with_all_that_it_says(kind: NoticeKind) -> None:
    event, more = WHOLE[kind]
    sheet = filled(kind, event, **more)
    paper = printed(sheet.content())
    text = text_of(paper)
    for line in said(sheet).split("\n"):
        for cell in line.split("|"):
            # A cell stands beside others, so that its own lines may be apart.
            parts = [cell] if "|" not in line else re.findall(r".{1,4}", cell)
            for part in parts:
                assert "".join(part.split()) in text, part
    assert sheet.number in text
    assert "2026年3月2日" in text
    pages = len(PdfReader(io.BytesIO(paper)).pages)
    assert text.endswith(f"{sheet.number}第{pages}页，共{pages}页")
    assert f"https://hall.example.cn/verify/{CHECK}" in text


def test_printed_again_it_is_the_same_file() -> None:
    assert printed(content(NoticeKind.N21)) == printed(content(NoticeKind.N21))


def test_the_font_is_inside_and_nothing_runs() -> None:
    reader = PdfReader(io.BytesIO(printed(content(NoticeKind.N21))))
    fonts: Any = reader.pages[0]["/Resources"]
    [font] = [each.get_object() for each in fonts["/Font"].values()]
    descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
    assert "NotoSerifSC" in descriptor["/FontName"]
    assert len(descriptor["/FontFile3"].get_object().get_data()) > 10_000
    catalog: Any = reader.trailer["/Root"]
    assert not {"/AA", "/AcroForm", "/Names"} & set(catalog.keys())
    assert isinstance(catalog["/OpenAction"], ArrayObject)  # a view, not an act
    assert catalog["/Lang"] == "zh-CN"
    assert reader.metadata is not None
    assert reader.metadata.author == "示例县卫生健康局"


def test_a_long_list_goes_over_several_pages() -> None:
    long = "请把这一页重新拍清楚，四个角都要在照片里。" * 40
    rows = [[str(number), f"材料{number}", "照片不清楚。", long] for number in range(1, 13)]
    table = {"heading": "要补的", "columns": ["序号", "材料", "问题", "怎样补"], "rows": rows}
    paper = printed(content(NoticeKind.N02, blocks=[table]))
    reader = PdfReader(io.BytesIO(paper))
    assert len(reader.pages) > 5
    for page in reader.pages:
        assert page.extract_text().count("\n") < 60
    assert text_of(paper).count("照片不清楚。") == 12


async def test_papers_are_printed_off_the_loop() -> None:
    printer = PdfPrinter()
    assert (await printer.print(content(NoticeKind.N21))).startswith(b"%PDF")
    await printer.close()


def test_no_line_begins_with_a_mark_or_breaks_a_number() -> None:
    text = "您在2026年3月2日提交的“公共场所卫生许可（新证）”申请，编号MB9000015D，收到了。"
    assert "".join(units(text)) == text
    for width in range(6, 30):
        lines = broken(text, width, lambda piece: float(len(piece)))
        assert "".join(lines) == text
        assert all(len(line) <= width for line in lines)
        if width >= 12:
            assert not any(line[0] in "，。、；：！？）”" for line in lines)
            assert any("2026年3月2日" in line for line in lines)
            assert any("MB9000015D" in line for line in lines)


def test_the_first_line_may_be_shorter() -> None:
    assert broken("一二三四五六七", 4, lambda piece: float(len(piece)), first=2) == [
        "一二",
        "三四五六",
        "七",
    ]
    assert broken("", 4, lambda piece: float(len(piece))) == []


def test_an_event_of_another_kind_prints_as_well() -> None:
    paper = printed(filled(NoticeKind.N17, Event.POST_RETURNED).content())
    assert "已经退回窗口" in text_of(paper)
