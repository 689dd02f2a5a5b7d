import asyncio
import itertools
import tracemalloc
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.uploads.drawing import chunked
from uploads.multipart import StreamedMultipart, boundary_of, one_file
from uploads.refusals import MultipartBroken, UploadTooSlow

BOUNDARY = "WXform7f3a"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
# Everything that a parser could take for an end: the boundary bare, dashed, and nearly right.
TRAP = (
    f"--{BOUNDARY} {BOUNDARY}-- \r\n--{BOUNDARY[:-1]}\r\n--{BOUNDARY}X\r\n--{BOUNDARY}-x".encode()
    + b"\r\n--\r\n\r\r\n-\r"
)


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    ending = "" if filename is None else f'; filename="{filename}"'
    header = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{ending}\r\n\r\n'
    return header.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


Read = tuple[str, dict[str, str], bytes]


async def read(chunks: AsyncIterator[bytes], content_type: str = CONTENT_TYPE) -> Read:
    async with one_file(chunks, content_type) as found:
        content = b"".join([chunk async for chunk in found.chunks])
        return found.name, dict(found.fields), content


async def pieces(data: bytes, cuts: Sequence[int]) -> AsyncIterator[bytes]:
    edges = [0, *sorted(cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        yield data[start:end]


async def refused(body: bytes, content_type: str = CONTENT_TYPE) -> None:
    with pytest.raises(MultipartBroken):
        await read(chunked(body), content_type)
    with pytest.raises(MultipartBroken):
        await read(chunked(body, 1), content_type)


async def test_file_name_and_fields_around_it() -> None:
    body = form(
        part("a", b"1"), part("file", b"bytes\r\n", "../身份证\x00.jpg"), part("b", "二".encode())
    )
    assert await read(chunked(body)) == ("../身份证\x00.jpg", {"a": "1", "b": "二"}, b"bytes\r\n")


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"\xff\xfe.jpg", "\ufffd\ufffd.jpg"),
        ("\u202egpj.exe".encode(), "\u202egpj.exe"),
        (b"%0d%0aX: y.jpg", "%0d%0aX: y.jpg"),
        (b"a" * 3000, "a" * 3000),
        (b"CON", "CON"),
    ],
)
async def test_a_name_is_whatever_was_sent(raw: bytes, name: str) -> None:
    """What may be shown of it, and what it is saved as, is decided elsewhere."""
    body = form(part("file", b"x", "NAME")).replace(b"NAME", raw)
    assert (await read(chunked(body)))[0] == name
    assert (await read(chunked(body, 1)))[0] == name


async def test_a_file_may_hold_the_boundary() -> None:
    assert await read(chunked(form(part("file", TRAP, "a")))) == ("a", {}, TRAP)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 400), max_size=12), st.binary(max_size=60))
def test_any_cutting_gives_the_same(cuts: list[int], salt: bytes) -> None:
    content = TRAP + salt.replace(BOUNDARY.encode(), b"")
    body = b"\r\n" + form(part("note", b"x"), part("file", content, "a.jpg"))
    cuts = [min(cut, len(body)) for cut in cuts]
    assert asyncio.run(read(pieces(body, cuts))) == ("a.jpg", {"note": "x"}, content)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 400), st.lists(st.integers(0, 400), max_size=6))
def test_any_cutting_off_is_refused(length: int, cuts: list[int]) -> None:
    whole = form(part("note", b"x"), part("file", TRAP, "a.jpg"))
    # Without the last line break the form is still complete.
    body = whole[: min(length, len(whole) - 3)]
    with pytest.raises(MultipartBroken):
        asyncio.run(read(pieces(body, [min(cut, len(body)) for cut in cuts])))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 300), st.integers(0, 5))
def test_damage_ends_in_a_refusal_or_a_file(noise: bytes, at: int, gone: int) -> None:
    whole = form(part("note", b"x"), part("file", b"content", "a.jpg"))
    body = whole[:at] + noise + whole[at + gone :]

    async def outcome(size: int) -> Read | None:
        try:
            return await read(chunked(body, size))
        except MultipartBroken:
            return None

    assert asyncio.run(outcome(1)) == asyncio.run(outcome(1000))


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 71,
        'multipart/form-data; boundary="a "',
        'multipart/form-data; boundary="a\r\nb"',
        "multipart/form-data; boundary=身份",
        f"multipart/mixed; boundary={BOUNDARY}",
        f"application/json; boundary={BOUNDARY}",
    ],
)
async def test_bad_content_type(content_type: str) -> None:
    await refused(form(part("file", b"x", "a")), content_type)


def test_quoted_boundary_of_70_characters() -> None:
    longest = "b" * 70
    assert boundary_of(f'Multipart/Form-Data; charset=utf-8; boundary="{longest}"') == b"b" * 70


@pytest.mark.parametrize(
    "body",
    [
        b"",
        form(),
        form(part("a", b"1")),
        form(part("file", b"1", "a"), part("file", b"2", "b")),
        form(part("file", b"1", "a"), part("other", b"2", "b")),
        form(part("photo", b"1", "a")),
        form(part("a", b"1"), part("a", b"2"), part("file", b"", "a")),
        form(part("a", b"\xff"), part("file", b"", "a")),
        form(part("a", b"x" * 4097), part("file", b"", "a")),
        form(*[part(f"f{i}", b"") for i in range(17)], part("file", b"", "a")),
        form(part("file", b"", "a"), *[part(f"f{i}", b"") for i in range(17)]),
        form(part("file", b"", "a" * 4097)),
        form(part("file", b"x", "a")) + b"e" * 200_000,
        form(b"--" + BOUNDARY.encode() + b"\r\nContent-Type: text/plain\r\n\r\nx\r\n"),
        b"junk" + form(part("file", b"x", "a")),
        form(part("file", b"x", "a")).replace(b"\r\n\r\nx", b"\r\nContent-Disposition: b\r\n\r\nx"),
        form(part("file", b"x", "a")).replace(b"\r\n\r\nx", b"\r\nA: b" * 9 + b"\r\n\r\nx"),
    ],
)
async def test_bad_form(body: bytes) -> None:
    await refused(body)


async def test_limits_themselves_are_taken() -> None:
    fields = {f"f{i}": "x" * 4096 for i in range(16)}
    body = form(*[part(k, v.encode()) for k, v in fields.items()], part("file", b"", "a"))
    assert await read(chunked(body)) == ("a", fields, b"")


async def test_the_file_does_not_end_before_the_form_does() -> None:
    body = form(part("file", b"all of it", "a"))
    got = b""
    with pytest.raises(MultipartBroken):
        async with one_file(chunked(body[:-6], 7), CONTENT_TYPE) as found:
            async for chunk in found.chunks:
                got += chunk
    assert got == b"all of it"


async def test_a_head_that_never_ends_is_too_slow() -> None:
    async def dripping() -> AsyncIterator[bytes]:
        yield part("note", b"x")
        await asyncio.sleep(60)

    with pytest.raises(UploadTooSlow):
        async with StreamedMultipart(0.02).one_file(dripping(), CONTENT_TYPE):
            raise AssertionError("was opened")


async def test_memory_stays_flat() -> None:
    chunk = b"\r\n--" * 16_384
    count = 3200

    async def body() -> AsyncIterator[bytes]:
        yield part("file", b"", "a")[:-2]
        for _ in range(count):
            yield chunk
        yield b"\r\n" + form()

    size = 0
    tracemalloc.start()
    try:
        async with one_file(body(), CONTENT_TYPE) as found:
            async for piece in found.chunks:
                size += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == len(chunk) * count > 200_000_000
    assert peak < 2_000_000
