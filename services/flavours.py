"""Choosing a flavour (容缺受理, 先办后验, 告知承诺): whom and what it is open to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from models.rules import flavours
from models.rules.states import AcceptMode
from services import credit
from services.errors import Conflict, FieldFault, Invalid
from services.items import PublishedItem


class ModeNotAllowed(Invalid):
    """The item's rules do not know this way (安阳条例25, 青神方案2018 附件3: excluded kinds)."""

    code = "mode_not_allowed"
    sentence = "这个事项不能用这种方式办理,请按普通方式申请。"


class ShortfallNotAllowed(Invalid):
    """A material that may not come later; each fault names one."""

    code = "shortfall_not_allowed"
    sentence = "有的材料不能以后再交,请先补齐。"


class ShortfallUnnamed(Invalid):
    """容缺 was chosen, and no material that is to come later was named."""

    code = "shortfall_unnamed"
    sentence = "想以后再交材料的,请选明是哪几份。"


class CreditUnrepaired(Conflict):
    """Who broke a promise gets no new one until that is repaired (安阳条例29)."""

    code = "credit_unrepaired"
    sentence = "有还没有修复的失信记录,这次不能容缺、先办后验或者告知承诺,请按普通方式办理。"


@dataclass(frozen=True)
class Wish:
    """What an applicant chooses when they submit.

    ``mode`` None leaves what was chosen before; ``shortfall`` names materials to come later;
    ``another``: though an application of theirs for the same item is still undecided;
    ``window_id``: where they hand it in, for an item that townships take.
    """

    mode: AcceptMode | None = None
    shortfall: Sequence[str] = ()
    another: bool = False
    window_id: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Return what tells this wish from another; nothing chosen is nothing said."""
        mode = () if self.mode is None else (f"mode={self.mode.value}",)
        another = ("another",) if self.another else ()
        window = () if self.window_id is None else (f"window={self.window_id}",)
        return (
            *mode,
            *another,
            *window,
            *(f"shortfall={code}" for code in sorted(set(self.shortfall))),
        )


def check_mode(item: PublishedItem, mode: AcceptMode) -> None:
    """Raise ``ModeNotAllowed`` when the item cannot be accepted so."""
    if not flavours.allows(item.body, mode):
        raise ModeNotAllowed


def check_lacking(item: PublishedItem, codes: Sequence[str]) -> None:
    """Raise ``ShortfallNotAllowed`` for materials that the item wants at once (容缺材料标注)."""
    late = sorted(set(codes) - flavours.may_be_missing(item.body))
    if late:
        names = {material["code"]: material["name"] for material in item.materials}
        raise ShortfallNotAllowed(
            faults=[FieldFault(f"/materials/{code}", names.get(code, code)) for code in late]
        )


def mode_of(item: PublishedItem, wish: Wish, before: AcceptMode) -> AcceptMode:
    """Return the mode that a wish means, checked against the item's rules.

    ``before`` is what was chosen earlier. Who names materials to come later wants 容缺. Raises
    ``ModeNotAllowed``, ``ShortfallUnnamed`` or ``ShortfallNotAllowed``.
    """
    mode = wish.mode or before
    if mode is AcceptMode.NORMAL and wish.shortfall:
        mode = AcceptMode.SHORTFALL
    check_mode(item, mode)
    if mode is AcceptMode.SHORTFALL and not wish.shortfall:
        raise ShortfallUnnamed
    if wish.shortfall and mode is not AcceptMode.SHORTFALL:
        raise ModeNotAllowed("容缺不能和先办后验、告知承诺同时选。")
    check_lacking(item, wish.shortfall)
    return mode


async def check_credit(account_id: UUID) -> None:
    """Raise ``CreditUnrepaired`` while bad credit stands against a person."""
    if await credit.has_bad(account_id):
        raise CreditUnrepaired


def passed_on(
    item: PublishedItem, names: Mapping[str, str], mode: AcceptMode, lacking: Collection[str]
) -> Wish:
    """Return what a joint application's wish means for one department's item (联办件).

    ``names`` gives the parent's code of a material by the item's own, ``lacking`` the parent's
    codes that are to come later. What the item does not allow is not wished for there.
    """
    own = [each["code"] for each in item.materials]
    later = flavours.may_be_missing(item.body)
    late = tuple(code for code in own if names.get(code, code) in lacking and code in later)
    if late:
        return Wish(AcceptMode.SHORTFALL, late)
    open_ = mode is not AcceptMode.SHORTFALL and flavours.allows(item.body, mode)
    return Wish(mode if open_ else AcceptMode.NORMAL)
