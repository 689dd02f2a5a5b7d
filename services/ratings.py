"""Ratings (好差评): once per case and stage, of one's own will; silence is no mark."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from models.case import Case, ClockInstance
from models.database import Duplicate
from models.ids import uuid7
from models.rating import Rating
from models.rules.clock_table import ClockName
from models.rules.mandates import Act
from models.rules.reasons import (
    INDICATOR_VERSION,
    RATING_OPTIONS,
    STARS,
    RatingOption,
    RatingStage,
)
from models.rules.states import RatingStatus, State
from models.unit import transaction
from services import access
from services.actors import Citizen
from services.errors import Conflict, FieldFault, Invalid
from services.ports import Clock

MOST_TEXT = 500


class RatingInvalid(Invalid):
    """Stars that do not exist, options of other stars, or too long a text."""

    code = "rating_invalid"
    sentence = "评价内容不正确,请检查后重试。"


class RatingNotOpen(Conflict):
    """The stage that is rated has not been reached."""

    code = "rating_not_open"
    sentence = "这件事还没有办到这一步,暂时不能评价。"


class AlreadyRated(Conflict):
    """一事一评: a stage is rated once."""

    code = "already_rated"
    sentence = "您已经评价过了,谢谢。"


@dataclass(frozen=True)
class Opinion:
    """What a person says of one stage of a case; ``anonymous`` hides them from who is rated."""

    stage: RatingStage
    stars: int
    options: Sequence[str] = ()
    text: str = ""
    anonymous: bool = False


@dataclass(frozen=True)
class Indicators:
    """The marks and, for each, what can be ticked."""

    version: str
    stars: Mapping[int, str]
    options: Mapping[int, Sequence[RatingOption]]


@dataclass(frozen=True)
class Ratings:
    clock: Clock

    def options(self) -> Indicators:
        return Indicators(INDICATOR_VERSION, STARS, RATING_OPTIONS)

    async def rate(self, who: Citizen, case_id: UUID, opinion: Opinion) -> Rating:
        """Rate a stage of one's own case.

        Raises ``CaseUnknown``, ``RatingInvalid``, ``RatingNotOpen``, ``AlreadyRated``.
        """
        text = _plain(opinion.text)
        _check(opinion, text)
        try:
            return await self._rate(who, case_id, opinion, text)
        except Duplicate as error:
            raise AlreadyRated from error

    @transaction
    async def _rate(self, who: Citizen, case_id: UUID, opinion: Opinion, text: str) -> Rating:
        case = await access.held(who, case_id, self.clock.now(), Act.RATE)
        if not _is_open(case, opinion.stage):
            raise RatingNotOpen
        if opinion.stage is RatingStage.RESULT:
            await self._close(case)
        return await Rating.create(
            id=uuid7(),
            case_id=case.id,
            stage=opinion.stage.value,
            stars=opinion.stars,
            options=list(opinion.options),
            text=text,
            anonymous=opinion.anonymous,
            indicator_version=INDICATOR_VERSION,
            at=self.clock.now(),
        )

    async def _close(self, case: Case) -> None:
        """End the window of a case that is rated: nobody has to wait for it any more."""
        await Case.filter(id=case.id).update(rating_status=RatingStatus.RATED.value)
        window = ClockInstance.filter(case_id=case.id, name=ClockName.RATING_WINDOW.value)
        await window.filter(stopped_at=None).update(stopped_at=self.clock.now(), next_at=None)


def _check(opinion: Opinion, text: str) -> None:
    if opinion.stars not in STARS:
        raise RatingInvalid(faults=[FieldFault("/stars", "请选1到5颗星。")])
    known = {option.code for option in RATING_OPTIONS[opinion.stars]}
    wrong = [
        FieldFault(f"/options/{place}", "没有这个选项,或者不属于所选的星级。")
        for place, code in enumerate(opinion.options)
        if code not in known or code in opinion.options[:place]
    ]
    if len(text) > MOST_TEXT:
        wrong.append(FieldFault("/text", f"最多{MOST_TEXT}个字。"))
    if wrong:
        raise RatingInvalid(faults=wrong)


def _is_open(case: Case, stage: RatingStage) -> bool:
    if case.submitted_at is None:
        return False
    if stage is RatingStage.ACCEPT:
        return case.accepted_at is not None or case.state is State.NOT_ACCEPTED
    return case.decided_at is not None or case.state.closed


def _plain(text: str) -> str:
    """Return the text without control characters; line breaks stay."""
    kept = (char for char in text if char == "\n" or unicodedata.category(char) != "Cc")
    return "".join(kept).strip()
