"""One-time codes: the vectors of RFC 6238, and whose half minute a code is."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.totp import PyotpCodes

# RFC 6238, Appendix B: the ASCII text 12345678901234567890; six digits are the last of its eight.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
CODES = PyotpCodes("掌办")


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_vectors_of_the_rfc(seconds: int, code: str) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    assert CODES.step(SECRET, code, now) == seconds // 30


@pytest.mark.parametrize(("late", "known"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_neighbours_code_is_told_as_what_it_is(late: int, known: bool) -> None:
    seconds, code = VECTORS[3]
    now = datetime.fromtimestamp(seconds, UTC) + timedelta(seconds=late)
    assert CODES.step(SECRET, code, now) == (seconds // 30 if known else None)


@pytest.mark.parametrize(
    "code", ["", "28708", "2870822", "28708x", "２８７０８２", "287 82", "-87082"]
)
def test_what_is_no_code(code: str) -> None:
    assert CODES.step(SECRET, code, datetime.fromtimestamp(59, UTC)) is None


def test_a_secret_is_fresh_and_goes_into_an_authenticator() -> None:
    first, second = CODES.secret(), CODES.secret()
    assert first != second
    assert len(first) >= 32  # 160 bits (RFC 4226, 4: R6)
    uri = CODES.uri(first, "chen.window")
    assert uri.startswith("otpauth://totp/")
    assert f"secret={first}" in uri
    assert "chen.window" in uri
