"""Twenty-five documents with one fault each."""

from collections.abc import Callable

from PIL import Image

from models.rules import identity
from models.rules.reading.documents import DocumentKind as K
from tests.reading import cards, deeds, papers
from tests.reading.cases import JPEG, Case, Picture, Slot
from tests.reading.people import HE, LIN, QIN, SHOP, ZHOU
from tests.reading.photos import UPRIGHT_PHOTO, Shot, off_screen, scanned
from tests.reading.tables import Table
from tests.reading.taking import several, shot

EMBLEM_EXPIRED = ("2005.05.01", "2025.05.01")


def wrong_digit(number: str) -> str:
    """Return the number with another last digit."""
    return number[:17] + ("1" if identity.id_check_digit(number[:17]) != "1" else "2")


def illegible() -> tuple[Case, ...]:
    licence = Slot((K.BUSINESS_LICENCE,), SHOP, seal=True)
    card = Slot((K.ID_CARD_PORTRAIT,), LIN)
    sick = Slot((K.DIAGNOSIS,), QIN, seal=True)
    return (
        _one(
            "blurred_id_card",
            card,
            "blurred",
            shot(lambda: cards.id_portrait(LIN), 20, focus=22, fill=0.7),
        ),
        _one(
            "shaken_licence",
            licence,
            "blurred",
            shot(lambda: papers.business_licence(SHOP), 21, shake=60, table=Table.DARK),
        ),
        _one(
            "blurred_diagnosis",
            sick,
            "blurred",
            shot(lambda: papers.diagnosis(QIN), 22, focus=16, table=Table.DESK),
        ),
        _one(
            "dark_licence",
            licence,
            "too_dark",
            shot(lambda: papers.business_licence(SHOP), 23, light=0.1, noise=5),
        ),
        _one(
            "dark_household_member",
            Slot((K.HOUSEHOLD_MEMBER,), LIN),
            "too_dark",
            shot(lambda: papers.household_member(LIN), 24, light=0.12, noise=6, table=Table.DARK),
        ),
        _one(
            "glare_on_licence",
            licence,
            "glare",
            shot(lambda: papers.business_licence(SHOP), 25, glare=0.15, table=Table.STONE),
        ),
        _one(
            "glare_on_id_card",
            card,
            "glare",
            shot(
                lambda: cards.id_portrait(LIN),
                26,
                glare=0.17,
                glare_at=(0.6, 0.75),
                table=Table.DARK,
            ),
        ),
        _one(
            "tiny_diagnosis",
            sick,
            "too_small",
            shot(lambda: papers.diagnosis(QIN), 27, size=(420, 315), fill=0.92),
        ),
        _one(
            "screen_id_card",
            card,
            "photo_of_screen",
            lambda: (off_screen(cards.id_portrait(LIN), Shot(fill=0.75, angle=1.5), 28), JPEG),
        ),
        _one(
            "screen_diagnosis",
            sick,
            "photo_of_screen",
            lambda: (off_screen(papers.diagnosis(QIN), Shot(fill=0.85, angle=-3), 29, 2.6), JPEG),
        ),
        _one(
            "table_without_document",
            card,
            "unreadable",
            shot(lambda: Image.new("RGB", (900, 700), "#e9e5da"), 30, fill=0.6),
        ),
    )


def out_of_frame() -> tuple[Case, ...]:
    return (
        _one(
            "cropped_property_certificate",
            Slot((K.PROPERTY_CERTIFICATE,), ZHOU),
            "cropped",
            shot(lambda: papers.property_certificate(ZHOU), 40, shift=(0.28, 0.0)),
        ),
        _one(
            "cropped_id_card",
            Slot((K.ID_CARD_PORTRAIT,), LIN),
            "cropped",
            shot(lambda: cards.id_portrait(LIN), 41, shift=(0.0, 0.24), fill=0.9, table=Table.DARK),
        ),
    )


def not_asked_for() -> tuple[Case, ...]:
    card = Slot((K.ID_CARD_PORTRAIT,), LIN)
    return (
        _one(
            "licence_for_id_card",
            Slot((K.ID_CARD_PORTRAIT,), ZHOU),
            "wrong_kind",
            shot(lambda: cards.driving_licence(ZHOU, "2028-06-01"), 50),
        ),
        _one(
            "form_for_portrait",
            Slot((K.PORTRAIT,), LIN),
            "wrong_kind",
            shot(lambda: deeds.application_form(LIN), 51, size=UPRIGHT_PHOTO),
        ),
        _one(
            "id_card_of_another",
            card,
            "wrong_person",
            shot(lambda: cards.id_portrait(HE), 53, fill=0.6),
        ),
        _one(
            "diagnosis_of_another",
            Slot((K.DIAGNOSIS,), QIN, seal=True),
            "wrong_person",
            shot(lambda: papers.diagnosis(ZHOU), 54),
        ),
        _one(
            "id_card_with_wrong_digit",
            card,
            "number_invalid",
            shot(
                lambda: cards.id_portrait(LIN, wrong_digit(LIN.number)),
                55,
                fill=0.7,
                table=Table.DARK,
            ),
        ),
        _one(
            "expired_id_card",
            Slot((K.ID_CARD_EMBLEM,), LIN, unexpired=True),
            "expired",
            shot(lambda: cards.id_emblem(*EMBLEM_EXPIRED), 56, fill=0.7),
        ),
        _one(
            "expired_driving_licence",
            Slot((K.DRIVING_LICENCE,), ZHOU, unexpired=True),
            "expired",
            shot(lambda: cards.driving_licence(ZHOU, "2024-06-01"), 57, table=Table.DESK),
        ),
    )


def not_in_order() -> tuple[Case, ...]:
    contract = Slot((K.SALE_CONTRACT,), ZHOU)

    def page(number: int) -> Callable[[], Picture]:
        return shot(
            lambda: deeds.sale_contract(ZHOU, HE)[number - 1],
            60 + number,
            size=UPRIGHT_PHOTO,
            fill=0.92,
        )

    member = shot(lambda: papers.household_member(LIN), 66, table=Table.DARK)
    return (
        _one(
            "diagnosis_without_seal",
            Slot((K.DIAGNOSIS,), QIN, seal=True),
            "seal_missing",
            shot(lambda: papers.diagnosis(QIN, sealed=False), 64, table=Table.DESK),
        ),
        Case(
            "inspection_report_without_seal",
            Slot((K.INSPECTION_REPORT,), SHOP, seal=True),
            lambda: [(scanned(papers.inspection_report(SHOP, sealed=False), 65), JPEG)],
            frozenset({"seal_missing"}),
        ),
        _one("contract_without_page_2", contract, "page_missing", page(1), page(3)),
        _one("contract_with_pages_swapped", contract, "pages_swapped", page(1), page(3), page(2)),
        _one(
            "household_member_twice",
            Slot((K.HOUSEHOLD_MEMBER,), LIN),
            "same_photo_twice",
            member,
            member,
        ),
    )


def _one(name: str, slot: Slot, code: str, *pictures: Callable[[], Picture]) -> Case:
    return Case(name, slot, several(*pictures), frozenset({code}))
