import io
from collections.abc import Callable

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.actions import JavaScript
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from services.errors import MaterialUnreadable, Problem
from tests.uploads import drawing
from tests.uploads.drawing import action, link_with, opening_with, pdf
from uploads import documents
from uploads.refusals import PdfActive, PdfCarriesFiles, PdfEncrypted, PdfTooLong

SCRIPT = TextStringObject("app.alert(1)")


def inspect(data: bytes) -> int:
    working, thumbnail = io.BytesIO(), io.BytesIO()
    found = documents.inspect(io.BytesIO(data), "application/pdf", working, thumbnail)
    assert working.getvalue() == thumbnail.getvalue() == b""
    pages = found.pop("pages")
    assert found == {"width": None, "height": None, "working_mime": "application/pdf"}
    assert isinstance(pages, int)
    return pages


def local_jump(writer: PdfWriter) -> ArrayObject:
    return ArrayObject([writer.pages[0].indirect_reference, NameObject("/Fit")])


@pytest.mark.parametrize("pages", [1, 3, 200])
def test_pages_are_counted(pages: int) -> None:
    assert inspect(pdf(pages)) == pages


@pytest.mark.parametrize(
    "change",
    [
        lambda writer: opening_with(local_jump(writer))(writer),
        lambda writer: opening_with(action("GoTo", D=local_jump(writer)))(writer),
        link_with(drawing.uri()),
        lambda writer: writer.add_outline_item(title="目录", page_number=0),
        lambda writer: writer.add_metadata({"/Title": "/JavaScript /Launch"}),
    ],
    ids=["opens at a page", "opens by GoTo", "link to a site", "outline", "words only"],
)
def test_usual_documents_are_taken(change: Callable[[PdfWriter], object]) -> None:
    assert inspect(pdf(2, change)) == 2


def chained() -> DictionaryObject:
    return action("GoTo", Next=ArrayObject([action("JavaScript", JS=SCRIPT)]))


def on_close(writer: PdfWriter) -> None:
    acts = DictionaryObject({NameObject("/C"): action("SubmitForm")})
    writer.pages[0][NameObject("/AA")] = acts


def xfa_form(writer: PdfWriter) -> None:
    form = DictionaryObject({NameObject("/XFA"): TextStringObject("<xdp/>")})
    writer.root_object[NameObject("/AcroForm")] = writer._add_object(form)


def unknown_action() -> DictionaryObject:
    act = action("Brew")
    act[NameObject("/Type")] = NameObject("/Action")
    return act


ACTIVE: dict[str, Callable[[PdfWriter], object]] = {
    "script of the document": lambda writer: writer.add_open_action(JavaScript("app.alert(1)")),
    "script on opening": opening_with(action("JavaScript", JS=SCRIPT)),
    "site on opening": opening_with(drawing.uri()),
    "program on opening": opening_with(action("Launch", F=TextStringObject("cmd.exe"))),
    "program in a link": link_with(action("Launch", F=TextStringObject("cmd.exe"))),
    "kind behind a reference": link_with(action("Launch"), by_reference=True),
    "second in a chain": link_with(chained()),
    "on leaving a page": on_close,
    "form with scripts": xfa_form,
    "other document": link_with(action("GoToR", F=TextStringObject("\\\\host\\a"))),
    "import of data": link_with(action("ImportData")),
    "an action nobody knows": link_with(unknown_action()),
}


@pytest.mark.parametrize("change", ACTIVE.values(), ids=ACTIVE.keys())
def test_what_acts_is_refused(change: Callable[[PdfWriter], object]) -> None:
    with pytest.raises(PdfActive):
        inspect(pdf(1, change))


def test_a_name_written_with_escapes_is_the_same_name() -> None:
    plain = pdf(1, link_with(action("Launch")))
    # Same length, so that the table of places stays right.
    escaped = plain.replace(b"/S /Launch", b"/S /L#61unch").replace(b"0 0 50 50", b"0 0 5 5")
    assert len(escaped) == len(plain) and b"/Launch" not in escaped
    with pytest.raises(PdfActive):
        inspect(escaped)


def test_what_acts_is_found_in_a_packed_document() -> None:
    assert inspect(drawing.packed_pdf()) == 1
    for catalog, extra in (
        (b"/OpenAction 5 0 R", b"<</S/JavaScript/JS(app.alert(1))>>"),
        (b"/Nowhere[[<</S/Launch>>]]", b"null"),
        (b"", b"<</S/Launch/F(cmd.exe)>>"),
    ):
        data = drawing.packed_pdf(catalog, extra)
        assert b"Launch" not in data and b"JavaScript" not in data
        with pytest.raises(PdfActive):
            inspect(data)


def test_files_inside_are_refused() -> None:
    data = pdf(1, lambda writer: writer.add_attachment("a.exe", b"MZ"))
    with pytest.raises(PdfCarriesFiles):
        inspect(data)


@pytest.mark.parametrize("user_password", ["", "secret"])
def test_passwords_are_refused(user_password: str) -> None:
    def lock(writer: PdfWriter) -> None:
        writer.encrypt(user_password, "owner", algorithm="AES-256")

    with pytest.raises(PdfEncrypted):
        inspect(pdf(1, lock))


def test_201_pages_are_too_many() -> None:
    with pytest.raises(PdfTooLong):
        inspect(pdf(201))


def test_no_page_is_no_document() -> None:
    with pytest.raises(MaterialUnreadable):
        inspect(pdf(0))


def test_pages_in_a_circle_come_to_an_end() -> None:
    def circle(writer: PdfWriter) -> None:
        tree = writer.root_object["/Pages"]
        assert isinstance(tree, DictionaryObject)
        tree[NameObject("/Kids")] = ArrayObject([tree.indirect_reference])
        tree[NameObject("/Count")] = NumberObject(1)

    with pytest.raises((Problem, PyPdfError, RecursionError)):
        inspect(pdf(1, circle))


@pytest.mark.filterwarnings("ignore")
def test_every_cut_is_refused_or_leaves_whole_pages() -> None:
    data = pdf(3)
    for length in range(5, len(data) - 8, 40):
        try:
            pages = inspect(data[:length])
        except Exception as refusal:
            # The child takes any exception as a refusal.
            assert not isinstance(refusal, OSError)
        else:
            assert pages == len(PdfReader(io.BytesIO(data[:length])).pages)
