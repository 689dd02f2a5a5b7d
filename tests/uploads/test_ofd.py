"""OFD as a container. The structures are GB/T 33190's; no file of anybody is used."""

import io
import struct
import zipfile

import pytest

from services.errors import MaterialTypeRefused, MaterialUnreadable
from tests.uploads.drawing import ofd, ofd_parts, zipped
from uploads import ofd as documents
from uploads.packages import MAX_ENTRIES
from uploads.refusals import FileInFile, OfdActive, OfdCarriesFiles, OfdTooHeavy, OfdTooLong


def check(data: bytes) -> int:
    return documents.check(io.BytesIO(data))


@pytest.mark.parametrize("pages", [1, 3, 200])
def test_pages_are_counted(pages: int) -> None:
    assert check(ofd(pages)) == pages


def test_stored_parts_and_pictures_are_usual() -> None:
    parts = ofd_parts()
    parts["Doc_0/Res/image_0.png"] = b"\x89PNG\r\n\x1a\n" + bytes(5_000_000)
    parts["Doc_0/Signs/Sign_0/SignedValue.dat"] = b"\x30\x82" + bytes(900)
    assert check(zipped(parts, zipfile.ZIP_STORED)) == 1


def test_two_documents_in_one_package_are_counted_together() -> None:
    parts = ofd_parts(2)
    second = {name.replace("Doc_0", "Doc_1"): data for name, data in parts.items() if "/" in name}
    parts["OFD.xml"] = parts["OFD.xml"].replace(
        b"</ofd:DocBody>",
        b"</ofd:DocBody><ofd:DocBody><ofd:DocRoot>/Doc_1/Document.xml</ofd:DocRoot></ofd:DocBody>",
    )
    assert check(zipped(parts | second)) == 4


def test_an_invoice_carries_its_own_data() -> None:
    """As the tax office issues it: XML beside the page."""
    parts = ofd_parts(1, "<ofd:Attachments>Attachs/Attachments.xml</ofd:Attachments>")
    parts["Doc_0/Attachs/Attachments.xml"] = (
        b'<ofd:Attachments xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Attachment ID="99" '
        b'Name="original_invoice" Format="xml"><ofd:FileLoc>original_invoice.xml</ofd:FileLoc>'
        b"</ofd:Attachment></ofd:Attachments>"
    )
    parts["Doc_0/Attachs/original_invoice.xml"] = b"<eInvoice><Number>1</Number></eInvoice>"
    assert check(zipped(parts)) == 1
    program = {
        name.replace("invoice.xml", "invoice.exe"): data.replace(b"invoice.xml", b"invoice.exe")
        for name, data in parts.items()
    }
    with pytest.raises(OfdCarriesFiles):
        check(zipped(program))


def action(event: str, inner: str) -> str:
    return f'<ofd:Actions><ofd:Action Event="{event}">{inner}</ofd:Action></ofd:Actions>'


LINK = '<ofd:URI URI="https://example.invalid/"/>'
JUMP = '<ofd:Goto><ofd:Dest Type="Fit" PageID="10"/></ofd:Goto>'


@pytest.mark.parametrize("harmless", [action("CLICK", LINK), action("DO", JUMP)])
def test_links_and_jumps_are_usual(harmless: str) -> None:
    assert check(ofd(1, page=harmless)) == 1


@pytest.mark.parametrize(
    "acts",
    [
        action("CLICK", '<ofd:GotoA AttachID="99"/>'),
        action("CLICK", '<ofd:Sound ResourceID="3"/>'),
        action("PO", '<ofd:Movie ResourceID="3" Operator="Play"/>'),
        action("DO", LINK),
        action("PO", LINK),
        "<vendor:JavaScript xmlns:vendor='urn:x'>app.launch()</vendor:JavaScript>",
    ],
)
def test_what_acts_is_refused_wherever_it_stands(acts: str) -> None:
    for data in (ofd(1, document=acts), ofd(1, page=acts)):
        with pytest.raises(OfdActive):
            check(data)


def test_another_package_is_another_kind() -> None:
    for parts in ({"word/document.xml": b"<w/>"}, {"META-INF/MANIFEST.MF": b""}, {}):
        with pytest.raises((MaterialTypeRefused, MaterialUnreadable)):
            check(zipped(parts) if parts else b"PK\x05\x06" + bytes(18))


@pytest.mark.parametrize("lost", ["Doc_0/Document.xml", "Doc_0/Pages/Page_1/Content.xml"])
def test_a_part_that_is_missing_is_refused(lost: str) -> None:
    parts = ofd_parts(2)
    del parts[lost]
    with pytest.raises(MaterialUnreadable):
        check(zipped(parts))


def test_201_pages_are_too_many_and_none_is_too_few() -> None:
    with pytest.raises(OfdTooLong):
        check(ofd(201))
    with pytest.raises(MaterialUnreadable):
        check(ofd(0))


@pytest.mark.parametrize(
    "definition",
    [
        b'<!DOCTYPE ofd [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        b'<!DOCTYPE ofd [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE ofd SYSTEM "http://example.invalid/a.dtd">',
    ],
)
def test_definitions_are_refused_in_every_part(definition: bytes) -> None:
    for name in ofd_parts():
        parts = ofd_parts()
        parts[name] = definition + parts[name]
        with pytest.raises(MaterialUnreadable):
            check(zipped(parts))


def test_files_within_are_refused() -> None:
    for inner in (zipped({"a": b"a"}), b"MZ\x90", b"%PDF-1.7\n", b"\x7fELF\x02"):
        parts = ofd_parts()
        parts["Doc_0/Res/logo.png"] = inner
        with pytest.raises(OfdCarriesFiles):
            check(zipped(parts))


@pytest.mark.parametrize(
    "name",
    [
        "../x.xml",
        "/etc/passwd",
        "a/../../x",
        "a\\..\\x",
        "C:/x",
        "a//b",
        "./a",
        "a\x07b",
        "x" * 300,
    ],
)
def test_names_that_leave_the_package_are_refused(name: str) -> None:
    parts = ofd_parts()
    parts[name] = b"x"
    with pytest.raises(MaterialUnreadable):
        check(zipped(parts))


def test_one_name_twice_is_refused() -> None:
    parts = ofd_parts()
    parts["doc_0/document.xml"] = parts["Doc_0/Document.xml"]
    with pytest.raises(MaterialUnreadable):
        check(zipped(parts))


def test_bombs_are_refused() -> None:
    heavy = ofd_parts()
    heavy["Doc_0/Res/a.bmp"] = bytes(30_000_000)
    larger = ofd_parts()
    larger["Doc_0/Res/a.bmp"] = bytes(65 * 1024 * 1024)
    many = ofd_parts() | {f"Doc_0/Res/{number}": b"" for number in range(MAX_ENTRIES)}
    for parts in (heavy, larger, many):
        with pytest.raises(OfdTooHeavy):
            check(zipped(parts))


def test_entries_that_share_bytes_are_refused() -> None:
    data = bytearray(zipped(ofd_parts(2)))
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 1)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    with pytest.raises(OfdTooHeavy):
        check(bytes(data))


def test_sizes_and_sums_that_lie_are_refused() -> None:
    good = zipped(ofd_parts(), zipfile.ZIP_STORED)
    place = good.index(b"PK\x01\x02")
    for offset in (16, 20, 24):  # checksum, packed and unpacked size of the first entry
        (value,) = struct.unpack_from("<I", good, place + offset)
        bad = bytearray(good)
        struct.pack_into("<I", bad, place + offset, value ^ 1)
        with pytest.raises((MaterialUnreadable, zipfile.BadZipFile)):
            check(bytes(bad))


def test_what_stands_before_or_behind_is_refused() -> None:
    good = ofd()
    with pytest.raises(FileInFile):
        check(b"<script>" + good)
    commented = io.BytesIO(good)
    with zipfile.ZipFile(commented, "a") as package:
        package.comment = b"<script>alert(1)</script>"
    with pytest.raises(FileInFile):
        check(commented.getvalue())
    with pytest.raises(FileInFile):
        check(good + b"<script>alert(1)</script>")


def test_every_cut_is_refused() -> None:
    good = ofd(3)
    for length in range(4, len(good), 97):
        with pytest.raises((MaterialUnreadable, zipfile.BadZipFile)):
            check(good[:length])
