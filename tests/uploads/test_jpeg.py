from tests.uploads import drawing
from uploads.jpeg import survey


def test_baseline_has_one_scan() -> None:
    data = drawing.jpeg()
    scans = survey(data, 100)
    assert scans.number == 1
    assert 0 < scans.size < len(data)


def test_progressive_scans_are_counted() -> None:
    good = drawing.jpeg(progressive=True)
    number = good.count(b"\xff\xda")
    assert number > 1
    assert survey(good, 100).number == number
    assert survey(drawing.scan_bomb(50), 1000).number == number + 50
    assert survey(drawing.scan_bomb(5000), 100).number == 101


def test_what_is_no_scan_does_not_count() -> None:
    fake = b"\xff\xda" * 500
    commented = drawing.jpeg(comment=fake)
    assert survey(commented + fake, 100) == survey(drawing.jpeg(), 100)


def test_nothing_to_see() -> None:
    assert survey(b"", 100).number == 0
    assert survey(b"\xff\xd8\xff\xe0", 100).number == 0
