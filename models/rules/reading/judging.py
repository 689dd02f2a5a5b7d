"""All checks on one reading, in the order in which a person would want to hear of them."""

from models.rules.reading import belonging, legibility, sorting
from models.rules.reading.fields import fields_of
from models.rules.reading.findings import Finding, FindingCode, Severity
from models.rules.reading.values import Reading
from models.rules.reading.wants import Against, Wants


def form_of(reading: Reading, wants: Wants) -> tuple[Finding, ...]:
    """Return what is wrong with the form of a material, whoever's it is: all that may block.

    It depends on the reading and the item alone, so it holds for as long as the file does.
    """
    pages = len(reading.pages)
    legible = [f for page in reading.pages for f in legibility.of_page(page, wants, pages)]
    return (*legible, *sorting.of_kinds(reading, wants))


def judge(reading: Reading, wants: Wants, against: Against, own: str) -> tuple[Finding, ...]:
    """Return everything that there is to say of a material called ``own``."""
    pages = len(reading.pages)
    fields = fields_of(reading)
    found = [
        *form_of(reading, wants),
        *sorting.of_order(reading),
        *sorting.of_repeats(reading, against, own),
        *belonging.of_owner(fields, wants, against, pages),
    ]
    if wants.unexpired:
        found += belonging.of_validity(fields, against.today, pages)
    if wants.seal and reading.pages:
        found += belonging.of_seal(reading)
    if reading.left_out:
        words = {"left_out": str(reading.left_out)}
        evidence = {"left_out": reading.left_out}
        found.append(Finding(FindingCode.NOT_LOOKED_AT, Severity.INFORMS, None, evidence, words))
    return tuple(found)
