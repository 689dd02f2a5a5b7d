"""One file out of a multipart form, as a stream: ``wx.uploadFile`` can send nothing else.

The server's own multipart parser holds the whole body in memory, takes a broken form for an empty
one and a file that contains its boundary for the end; this one does none of that.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass

from python_multipart.multipart import parse_options_header

from uploads.form import Form
from uploads.refusals import MultipartBroken, UploadTooSlow

_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")


@dataclass(frozen=True)
class FilePart:
    """The part called "file".

    ``name`` is whatever the client calls the file: data, never a path. ``fields`` are the text
    fields that came so far; all of them once ``chunks`` has ended. ``chunks`` ends well only when
    the whole form did.
    """

    name: str
    fields: Mapping[str, str]
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True)
class StreamedMultipart:
    """The adapter behind the port ``MultipartReader``."""

    head_seconds: float = 30.0

    def one_file(
        self, chunks: AsyncIterator[bytes], content_type: str
    ) -> AbstractAsyncContextManager[FilePart]:
        """Open the one file of a form, as the function ``one_file`` does."""
        return one_file(chunks, content_type, head_seconds=self.head_seconds)


@asynccontextmanager
async def one_file(
    chunks: AsyncIterator[bytes], content_type: str, *, head_seconds: float = 30.0
) -> AsyncIterator[FilePart]:
    """Open the one file of a form whose body is ``chunks``.

    Raises ``MultipartBroken`` here, or out of ``part.chunks``, when the form is cut off, has no
    file or several, or is over its limits. Because ``part.chunks`` reads the form to its end
    before it ends itself, whoever stores the file cannot finish with half of one. What comes
    before the file must have come in ``head_seconds``, else ``UploadTooSlow``; the pace of the
    file itself is its reader's to watch.
    """
    form = Form(boundary_of(content_type))
    try:
        async with asyncio.timeout(head_seconds):
            while form.file_name is None:
                await _read_on(form, chunks)
    except TimeoutError as late:
        raise UploadTooSlow from late
    async with aclosing(_file_bytes(form, chunks)) as file:
        yield FilePart(form.file_name, form.fields, file)


def boundary_of(content_type: str) -> bytes:
    """Return the boundary that a Content-Type header names; raise ``MultipartBroken``."""
    try:
        kind, options = parse_options_header(content_type)
    except UnicodeEncodeError as garbled:
        raise MultipartBroken from garbled
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or _BOUNDARY.fullmatch(boundary) is None:
        raise MultipartBroken
    return boundary


async def _file_bytes(form: Form, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    while True:
        for piece in form.take():
            yield piece
        if form.complete:
            return
        await _read_on(form, chunks)


async def _read_on(form: Form, chunks: AsyncIterator[bytes]) -> None:
    """Feed the next chunk, or the end, which before the file has begun is an error too."""
    chunk = await anext(chunks, None)
    if chunk is None:
        form.finish()
    else:
        form.feed(chunk)
