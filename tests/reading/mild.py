"""Ten good documents under mild stress, as most photos are; nothing may be said against them."""

from functools import cache

from models.rules.reading.documents import DocumentKind as K
from tests.reading import cards, deeds, papers
from tests.reading.cases import Case, Slot
from tests.reading.good import EMBLEM
from tests.reading.people import HE, LIN, QIN, SHOP, ZHOU
from tests.reading.photos import UPRIGHT_PHOTO
from tests.reading.tables import Table
from tests.reading.taking import several, shot

SENT_SMALL = (1440, 1080)
"""What a chat program makes of a photo."""


@cache
def mild_set() -> tuple[Case, ...]:
    card = Slot((K.ID_CARD_PORTRAIT,), LIN)
    sick = Slot((K.DIAGNOSIS,), QIN, seal=True)
    licence = Slot((K.BUSINESS_LICENCE,), SHOP, seal=True)
    return (
        Case(
            "slightly_soft_id_card",
            card,
            several(shot(lambda: cards.id_portrait(LIN), 70, focus=4.5, fill=0.7)),
            says=((LIN.name, LIN.number, LIN.address[:12]),),
        ),
        Case(
            "dim_diagnosis",
            sick,
            several(shot(lambda: papers.diagnosis(QIN), 71, light=0.42, noise=7)),
            says=((QIN.name, QIN.number),),
        ),
        Case(
            "id_card_on_busy_cloth",
            card,
            several(
                shot(lambda: cards.id_portrait(LIN), 72, table=Table.CLOTH, fill=0.55, angle=-5)
            ),
            says=((LIN.name, LIN.number, LIN.address[:12]),),
        ),
        Case(
            "steep_licence",
            licence,
            several(shot(lambda: papers.business_licence(SHOP), 73, tilt=0.14, table=Table.STONE)),
            says=((SHOP.name, SHOP.code),),
        ),
        Case(
            "shaded_property_certificate",
            Slot((K.PROPERTY_CERTIFICATE,), ZHOU, seal=True),
            several(
                shot(lambda: papers.property_certificate(ZHOU), 74, shade=0.5, table=Table.DARK)
            ),
            says=((ZHOU.name, "示例县不动产权第0001234号"),),
        ),
        Case(
            "id_card_sent_small",
            card,
            several(shot(lambda: cards.id_portrait(LIN), 75, size=SENT_SMALL, quality=60)),
            says=((LIN.name, LIN.number),),
        ),
        Case(
            "pale_form_on_pale_desk",
            Slot((K.APPLICATION_FORM,), LIN),
            several(
                shot(
                    lambda: deeds.application_form(LIN),
                    76,
                    size=UPRIGHT_PHOTO,
                    table=Table.DESK,
                    fill=0.94,
                )
            ),
            says=((LIN.name, LIN.number),),
        ),
        Case(
            "grainy_residence_permit",
            Slot((K.RESIDENCE_PERMIT,), HE),
            several(
                shot(
                    lambda: cards.residence_permit(HE, "2026.12.31", HE.address),
                    77,
                    noise=14,
                    light=0.6,
                )
            ),
            says=((HE.name, HE.number),),
        ),
        Case(
            "slightly_shaken_emblem",
            Slot((K.ID_CARD_EMBLEM,), LIN),
            several(
                shot(
                    lambda: cards.id_emblem(*EMBLEM),
                    78,
                    shake=10,
                    fill=0.75,
                    table=Table.CLOTH,
                )
            ),
            says=(("2016.05.01-2036.05.01",),),
        ),
        Case(
            "bright_receipt",
            Slot((K.TAX_RECEIPT,), HE, seal=True),
            several(
                shot(lambda: deeds.tax_receipt(HE), 79, light=1.04, shade=0.05, table=Table.DESK)
            ),
            says=((HE.name, HE.number),),
        ),
    )
