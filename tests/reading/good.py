"""Fifteen good documents, one of each kind: on tables and from scanners, turned and tilted."""

from models.rules.reading.documents import DocumentKind as K
from tests.reading import cards, deeds, papers
from tests.reading.cases import JPEG, PDF, Case, Slot
from tests.reading.people import HE, LIN, QIN, SHOP, ZHOU
from tests.reading.photos import UPRIGHT_PHOTO, pdf, scanned
from tests.reading.tables import Table
from tests.reading.taking import several, shot

EMBLEM = ("2016.05.01", "2036.05.01")


def good() -> tuple[Case, ...]:
    return (
        Case(
            "id_card",
            Slot((K.ID_CARD_PORTRAIT, K.ID_CARD_EMBLEM), LIN, every=True, unexpired=True),
            several(
                shot(lambda: cards.id_portrait(LIN), 1, fill=0.5),
                shot(lambda: cards.id_emblem(*EMBLEM), 2, fill=0.7, angle=-2),
            ),
            says=(
                (LIN.name, LIN.number, LIN.address[:12]),
                ("居民身份证", "2016.05.01-2036.05.01", "示例县公安局"),
            ),
        ),
        Case(
            "business_licence",
            Slot((K.BUSINESS_LICENCE,), SHOP, seal=True),
            several(shot(lambda: papers.business_licence(SHOP), 3, table=Table.DARK)),
            says=((SHOP.code, SHOP.name, SHOP.owner),),
        ),
        Case(
            "household",
            Slot((K.HOUSEHOLD_COVER, K.HOUSEHOLD_MEMBER), LIN, every=True, seal=True),
            several(
                shot(lambda: papers.household_cover(LIN), 4, table=Table.DARK),
                shot(lambda: papers.household_member(LIN), 5, table=Table.DARK),
            ),
            says=((LIN.name,), (LIN.name, LIN.number)),
        ),
        Case(
            "driving_licence_turned_90",
            Slot((K.DRIVING_LICENCE,), ZHOU, unexpired=True),
            several(shot(lambda: cards.driving_licence(ZHOU, "2028-06-01"), 6, turn=270)),
            says=((ZHOU.name, ZHOU.number, "2028-06-01"),),
            turned=(90,),
        ),
        Case(
            "transport_qualification",
            Slot((K.TRANSPORT_QUALIFICATION,), ZHOU, unexpired=True),
            several(
                shot(
                    lambda: cards.transport_qualification(ZHOU, "2027年5月19日"),
                    7,
                    table=Table.STONE,
                    tilt=0.05,
                )
            ),
            says=((ZHOU.name, ZHOU.number, "2027年5月19日"),),
        ),
        Case(
            "property_certificate",
            Slot((K.PROPERTY_CERTIFICATE,), ZHOU, seal=True),
            several(shot(lambda: papers.property_certificate(ZHOU), 8, table=Table.DESK, fill=0.9)),
            says=((ZHOU.name, "示例县不动产权第0001234号"),),
        ),
        Case(
            "residence_permit_turned_180",
            Slot((K.RESIDENCE_PERMIT,), HE, unexpired=True),
            several(
                shot(
                    lambda: cards.residence_permit(HE, "2026.12.31", HE.address),
                    9,
                    turn=180,
                    fill=0.6,
                )
            ),
            says=((HE.name, HE.number, HE.address),),
            turned=(180,),
        ),
        Case(
            "social_security_card",
            Slot((K.SOCIAL_SECURITY_CARD,), LIN),
            several(
                shot(
                    lambda: cards.social_security_card(LIN),
                    10,
                    table=Table.STONE,
                    angle=-8,
                    fill=0.65,
                )
            ),
            says=((LIN.name, LIN.number),),
        ),
        Case(
            "health_certificate",
            Slot((K.HEALTH_CERTIFICATE,), LIN, seal=True, unexpired=True),
            several(
                shot(
                    lambda: cards.health_certificate(LIN, "2026年9月11日"),
                    11,
                    table=Table.CLOTH,
                    angle=8,
                    fill=0.7,
                )
            ),
            says=((LIN.name, LIN.number, "2026年9月11日"),),
        ),
        Case(
            "diagnosis_turned_270",
            Slot((K.DIAGNOSIS,), QIN, seal=True),
            several(shot(lambda: papers.diagnosis(QIN), 12, turn=90)),
            says=((QIN.name, QIN.number, "高血压病3级"),),
            turned=(270,),
        ),
        Case(
            "inspection_report_scanned",
            Slot((K.INSPECTION_REPORT,), SHOP, seal=True),
            lambda: [(scanned(papers.inspection_report(SHOP), 13), JPEG)],
            says=((SHOP.name, "SL-2026-0312"),),
        ),
        Case(
            "sale_contract_pdf",
            Slot((K.SALE_CONTRACT,), ZHOU),
            lambda: [(pdf(deeds.sale_contract(ZHOU, HE)), PDF)],
            says=((ZHOU.number, HE.number, "第1页"), ("第2页",), ("第3页",)),
        ),
        Case(
            "tax_receipt",
            Slot((K.TAX_RECEIPT,), HE, seal=True),
            several(shot(lambda: deeds.tax_receipt(HE), 14, table=Table.WOOD)),
            says=((HE.name, HE.number, "4200.00"),),
        ),
        Case(
            "application_form",
            Slot((K.APPLICATION_FORM,), LIN),
            several(
                shot(
                    lambda: deeds.application_form(LIN),
                    15,
                    size=UPRIGHT_PHOTO,
                    table=Table.STONE,
                    angle=8,
                    fill=0.85,
                )
            ),
            says=((LIN.name, LIN.number),),
        ),
        Case(
            "portrait",
            Slot((K.PORTRAIT,), LIN),
            lambda: [(scanned(cards.portrait(), 16, 1050), JPEG)],
        ),
    )
