"""What a push parser tells of a multipart form, held to limits (RFC 7578)."""

from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from uploads.refusals import MultipartBroken

MAX_FIELDS = 16
MAX_FIELD_BYTES = 4096
MAX_HEADERS = 8
MAX_HEADER_BYTES = 4096
MAX_AROUND_BYTES = 160 * 1024
"""All that is not the file: boundaries, headers, fields, and what follows the end."""

_FILE_PART = b"file"
# The parser holds back at most one boundary of the file's bytes until it knows what they are.
_HELD_BACK = 1024


@dataclass
class _Part:
    """The part that is being read: its headers, and its text unless it is the file."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    header_name: bytearray = field(default_factory=bytearray)
    header_value: bytearray = field(default_factory=bytearray)
    name: bytes = b""
    text: bytearray = field(default_factory=bytearray)


class Form:
    """What came so far of one form. Its methods raise ``MultipartBroken``."""

    def __init__(self, boundary: bytes) -> None:
        self.file_name: str | None = None
        self.fields: dict[str, str] = {}
        self.complete = False
        self._ended = False
        self._started = False
        self._part = _Part()
        self._pieces: list[bytes] = []
        self._received = 0
        self._file_bytes = 0
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_part_end": self._part_end,
                "on_end": self._end,
            },
            max_header_count=MAX_HEADERS,
            max_header_size=MAX_HEADER_BYTES,
        )

    def feed(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if not self._started:
            # Some clients begin with the line break that belongs to the first boundary.
            chunk = chunk.lstrip(b"\r\n")
            self._started = bool(chunk)
        try:
            self._parser.write(chunk)
        except MultipartParseError as broken:
            raise MultipartBroken from broken
        self._check_around(_HELD_BACK)

    def finish(self) -> None:
        """Take note that the body is over; raise unless the form is, and had its file."""
        self._check_around(0)
        if not self._ended or self.file_name is None:
            raise MultipartBroken
        self.complete = True

    def take(self) -> list[bytes]:
        """Return the file's bytes that came since the last call."""
        taken, self._pieces = self._pieces, []
        return taken

    def _check_around(self, held_back: int) -> None:
        if self._received - self._file_bytes > MAX_AROUND_BYTES + held_back:
            raise MultipartBroken

    def _part_begin(self) -> None:
        self._part = _Part()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header_name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]

    def _header_end(self) -> None:
        part = self._part
        name = bytes(part.header_name).lower()
        if name in part.headers:
            raise MultipartBroken
        part.headers[name] = bytes(part.header_value)
        part.header_name.clear()
        part.header_value.clear()

    def _headers_finished(self) -> None:
        disposition = self._part.headers.get(b"content-disposition", b"")
        kind, options = parse_options_header(disposition.decode("latin-1"))
        if kind != b"form-data" or b"name" not in options:
            raise MultipartBroken
        self._part.name = options[b"name"]
        if self._is_file:
            if self.file_name is not None:
                raise MultipartBroken
            self.file_name = options.get(b"filename", b"").decode("utf-8", "replace")
        elif b"filename" in options or len(self.fields) >= MAX_FIELDS:
            raise MultipartBroken

    @property
    def _is_file(self) -> bool:
        return self._part.name == _FILE_PART

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_file:
            self._pieces.append(bytes(data[start:end]))
            self._file_bytes += end - start
            return
        self._part.text += data[start:end]
        if len(self._part.text) > MAX_FIELD_BYTES:
            raise MultipartBroken

    def _part_end(self) -> None:
        if self._is_file:
            return
        try:
            name, text = self._part.name.decode(), self._part.text.decode()
        except UnicodeDecodeError as garbled:
            raise MultipartBroken from garbled
        if name in self.fields:
            raise MultipartBroken
        self.fields[name] = text

    def _end(self) -> None:
        self._ended = True
