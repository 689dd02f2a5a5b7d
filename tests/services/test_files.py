"""Names of files: what is shown of them and what a download is called."""

import pytest

from services.files import display_name, download_name


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("营业执照.jpg", "营业执照.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\王\\证.png", "证.png"),
        ("a\r\nSet-Cookie: x.jpg", "a Set-Cookie: x.jpg"),
        ("nul\x00l.pdf", "null.pdf"),
        ("gpj.\u202eexe", "gpj.exe"),
        ("  two   blanks .jpg ", "two blanks .jpg"),
        ("\ud800lone.jpg", "lone.jpg"),
        ("", "未命名"),
        ("/", "未命名"),
        ("\u200b\x07", "未命名"),
        ("长" * 300, "长" * 200),
    ],
)
def test_a_name_is_data_and_never_a_path(raw: str, shown: str) -> None:
    assert display_name(raw) == shown


@pytest.mark.parametrize(
    ("shown", "mime", "saved"),
    [
        ("营业执照.png", "image/jpeg", "营业执照.jpg"),
        ("page.html", "image/png", "page.png"),
        ("v1.2", "application/pdf", "v1.pdf"),
        ("no extension", "application/pdf", "no extension.pdf"),
        (".hidden", "image/webp", ".hidden.webp"),
        ("a.not-an-extension", "image/jpeg", "a.not-an-extension.jpg"),
    ],
)
def test_the_extension_says_what_the_bytes_are(shown: str, mime: str, saved: str) -> None:
    assert download_name(shown, mime) == saved
