"""Ratings (好差评): what can be said, and saying it once."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN, PUBLIC
from api.call import Call
from api.routes import Routes
from models.rating import Rating
from models.rules.reasons import RatingStage
from services.access import CaseUnknown
from services.actors import Citizen
from services.ratings import AlreadyRated, Indicators, Opinion, RatingInvalid, RatingNotOpen

ratings = Routes("ratings", "/v1", CITIZEN)
ROUTES = (ratings,)


class OptionView(BaseModel):
    code: str
    text: str


class MarkView(BaseModel):
    """A mark and what can be ticked with it."""

    stars: int
    text: str
    options: list[OptionView]


class IndicatorsView(BaseModel):
    version: str
    marks: list[MarkView]

    @classmethod
    def of(cls, found: Indicators) -> "IndicatorsView":
        marks = [
            MarkView(
                stars=stars,
                text=text,
                options=[
                    OptionView(code=option.code, text=option.zh) for option in found.options[stars]
                ],
            )
            for stars, text in found.stars.items()
        ]
        return cls(version=found.version, marks=marks)


class NewRating(BaseModel):
    model_config = ConfigDict(extra="forbid")

    stage: RatingStage
    stars: int = Field(ge=1, le=5, strict=True)
    options: list[str] = Field(default_factory=list, max_length=10)
    text: str = Field("", max_length=500)
    anonymous: bool = False


class RatingView(BaseModel):
    id: UUID
    stage: str
    stars: int
    options: list[str]
    text: str
    anonymous: bool
    indicator_version: str
    at: str

    @classmethod
    def of(cls, rating: Rating) -> "RatingView":
        return cls(
            id=rating.id,
            stage=rating.stage,
            stars=rating.stars,
            options=rating.options,
            text=rating.text,
            anonymous=rating.anonymous,
            indicator_version=rating.indicator_version,
            at=rating.at.isoformat(),
        )


@ratings.add("GET", "/ratings/options", answer=IndicatorsView, surface=PUBLIC)
async def options(call: Call[None]) -> IndicatorsView:
    """List the marks and what can be ticked with each."""
    return IndicatorsView.of(call.ctx.ratings.options())


@ratings.add(
    "POST",
    "/cases/<case_id:uuid>/ratings",
    status=201,
    body=NewRating,
    answer=RatingView,
    errors=(CaseUnknown, RatingInvalid, RatingNotOpen, AlreadyRated),
)
async def rate(call: Call[Citizen], case_id: UUID) -> RatingView:
    """Rate a stage of one's own case, once."""
    body = call.body(NewRating)
    opinion = Opinion(body.stage, body.stars, body.options, body.text, body.anonymous)
    return RatingView.of(await call.ctx.ratings.rate(call.who, case_id, opinion))
