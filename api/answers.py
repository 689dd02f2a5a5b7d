"""Answers: what the framework makes of one, without its translation of every header."""

from sanic.response import HTTPResponse


class Answer(HTTPResponse):
    """An answer whose header values are looked at once, where the framework translates each."""

    @staticmethod
    def _sanitize_header_value(value: str) -> str:
        # What is printable holds no CR, LF or NUL, which is all that would be taken out.
        return value if value.isprintable() else HTTPResponse._sanitize_header_value(value)
