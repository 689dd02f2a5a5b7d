"""Ranges and names of served files (RFC 9110 14, RFC 6266)."""

import pytest
from sanic.exceptions import RangeNotSatisfiable

from api.files import Span, disposition, span_of

HUGE = "9" * 30
ENDLESS = "9" * 7000  # more digits than Python reads


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-999", 0, 1000),
        ("bytes=10-19", 10, 20),
        ("bytes=990-", 990, 1000),
        ("bytes=-5", 995, 1000),
        ("bytes=-1000", 0, 1000),
        ("bytes=-5000", 0, 1000),
        ("bytes=0-", 0, 1000),
        ("bytes=0-" + HUGE, 0, 1000),
        ("bytes=-" + ENDLESS, 0, 1000),
        ("bytes=" + "0" * 7000 + "7-" + ENDLESS, 7, 1000),
        ("Bytes= 1-2 ", 1, 3),
    ],
)
def test_a_range_is_cut_to_the_file(header: str, start: int, end: int) -> None:
    assert span_of(header, 1000) == Span(start, end, 1000)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=0-1,5-6", "items=0-1", "bytes=a-b",
     "bytes=--5", "bytes=1-2-3", "bytes=٠-١", "bytes=+1-2"],
)  # fmt: skip
def test_what_is_no_single_range_is_the_whole_file(header: str | None) -> None:
    assert span_of(header, 1000) is None


@pytest.mark.parametrize(
    "header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", f"bytes={HUGE}-", f"bytes={ENDLESS}-"]
)
def test_a_range_outside_the_file_tells_its_size(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        span_of(header, 1000)
    assert refused.value.headers == {"Content-Range": "bytes */1000"}


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.jpg", "attachment; filename=\"a.jpg\"; filename*=UTF-8''a.jpg"),
        ("证.pdf", "attachment; filename=\".pdf\"; filename*=UTF-8''%E8%AF%81.pdf"),
        ("证", "attachment; filename=\"file\"; filename*=UTF-8''%E8%AF%81"),
        (
            'x"; filename="evil.exe',
            'attachment; filename="x_filename_evil.exe"; '
            "filename*=UTF-8''x%22%3B%20filename%3D%22evil.exe",
        ),
        ("a\r\nb.jpg", "attachment; filename=\"a_b.jpg\"; filename*=UTF-8''a%0D%0Ab.jpg"),
    ],
)
def test_a_name_cannot_break_out_of_its_header(name: str, header: str) -> None:
    assert disposition(name) == header
