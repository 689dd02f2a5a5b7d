"""Delivery of results: the windows, the applicant's choice, and the counter."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN, PUBLIC, STAFF
from api.call import Call
from api.routes import Routes
from models.delivery import DeliveryTrack
from models.rules.states import DeliveryMethod
from models.staff import Window
from services.access import CaseUnknown
from services.actors import Citizen, Officer
from services.addresses import Address, AddressInvalid
from services.consents import ConsentMissing
from services.counter import (
    HandedOut,
    NotForPickup,
    PickupCodeWrong,
    PickupLocked,
    ReceiptNotDue,
    WaybillMissing,
    WrongWindow,
)
from services.deliveries import (
    AddressMissing,
    Choice,
    DeliveryFixed,
    MethodRefused,
    ParcelOrdered,
    Shown,
    WindowUnknown,
)
from services.transitions import StepNotAllowed, StepNotYours

deliveries = Routes("deliveries", "/v1", CITIZEN)
counter = Routes("deliveries", "/staff/v1/cases", STAFF)
ROUTES = (deliveries, counter)

REFUSALS = (CaseUnknown, StepNotYours, StepNotAllowed)


class AddressBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=60)
    phone: str = Field(max_length=20)
    region: str = Field(max_length=120)
    detail: str = Field(max_length=240)


class NewChoice(BaseModel):
    model_config = ConfigDict(extra="forbid")

    method: DeliveryMethod
    address: AddressBody | None = None
    window_id: str | None = Field(None, min_length=1, max_length=32)

    @property
    def choice(self) -> Choice:
        address = None if self.address is None else Address(**self.address.model_dump())
        return Choice(self.method, address, self.window_id)


class PickupBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern="^[0-9]{6}$")


class WindowView(BaseModel):
    id: str
    name: str
    unit: str
    address: str
    hours: str
    phone: str

    @classmethod
    def of(cls, window: Window) -> "WindowView":
        return cls(
            id=window.id,
            name=window.name,
            unit=window.unit.name,
            address=window.address,
            hours=window.hours,
            phone=window.phone,
        )


class WindowList(BaseModel):
    windows: list[WindowView]


class AddressView(BaseModel):
    """The address with the person masked."""

    name: str
    phone: str
    region: str
    detail: str


class TrackView(BaseModel):
    at: str
    status: str
    text: str

    @classmethod
    def of(cls, point: DeliveryTrack) -> "TrackView":
        return cls(at=point.at.isoformat(), status=point.status, text=point.text)


class DeliveryView(BaseModel):
    """How a result comes; ``method`` is null until it was chosen from ``options``."""

    options: list[DeliveryMethod]
    method: str | None = None
    status: str | None = None
    address: AddressView | None = None
    window: WindowView | None = None
    pickup_code: str | None = None
    waybill: str | None = None
    posted_at: str | None = None
    signed_at: str | None = None
    track: list[TrackView] = []

    @classmethod
    def of(cls, shown: Shown) -> "DeliveryView":
        found = shown.delivery
        if found is None:
            return cls(options=list(shown.options))
        return cls(
            options=list(shown.options),
            method=found.method,
            status=found.status,
            address=AddressView(**vars(shown.address)) if shown.address else None,
            window=WindowView.of(shown.window) if shown.window else None,
            pickup_code=shown.pickup_code,
            waybill=found.waybill,
            posted_at=_time(found.posted_at),
            signed_at=_time(found.signed_at),
            track=[TrackView.of(point) for point in shown.track],
        )


class HandedOutView(BaseModel):
    """``visits_warning`` is there when the person had to come more often than was promised."""

    case_no: str | None
    state: str
    state_text: str
    waybill: str | None
    visits: int
    visits_warning: str | None

    @classmethod
    def of(cls, handed: HandedOut) -> "HandedOutView":
        case = handed.case
        return cls(
            case_no=case.case_no,
            state=case.state.value,
            state_text=case.state.zh,
            waybill=handed.waybill,
            visits=case.visits,
            visits_warning=handed.warning,
        )


class ReceiptPassed(BaseModel):
    """When the department got the signed receipt."""

    passed_at: str


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


@deliveries.add("GET", "/windows", answer=WindowList, surface=PUBLIC)
async def list_windows(call: Call[None]) -> WindowList:
    """List the windows where a result can be picked up."""
    found = await call.ctx.deliveries.windows()
    return WindowList(windows=[WindowView.of(window) for window in found])


@deliveries.add("GET", "/cases/<case_id:uuid>/delivery", answer=DeliveryView, errors=(CaseUnknown,))
async def show(call: Call[Citizen], case_id: UUID) -> DeliveryView:
    """Show how one's own result comes and where it is."""
    return DeliveryView.of(await call.ctx.deliveries.show(call.who, case_id))


@deliveries.add(
    "PUT",
    "/cases/<case_id:uuid>/delivery",
    body=NewChoice,
    answer=DeliveryView,
    errors=(
        CaseUnknown,
        DeliveryFixed,
        ParcelOrdered,
        MethodRefused,
        AddressMissing,
        ConsentMissing,
        AddressInvalid,
        WindowUnknown,
    ),
)
async def choose(call: Call[Citizen], case_id: UUID) -> DeliveryView:
    """Choose how the result comes; ELECTRONIC agrees to electronic service."""
    choice = call.body(NewChoice).choice
    return DeliveryView.of(await call.ctx.deliveries.choose(call.who, case_id, choice))


@counter.add(
    "POST",
    "/<case_id:uuid>/post-handover",
    answer=HandedOutView,
    errors=(*REFUSALS, WaybillMissing),
)
async def hand_over(call: Call[Officer], case_id: UUID) -> HandedOutView:
    """Hand a parcel to the post."""
    return HandedOutView.of(await call.ctx.deliveries.hand_over(call.who, case_id))


@counter.add(
    "POST",
    "/<case_id:uuid>/pickup",
    body=PickupBody,
    answer=HandedOutView,
    errors=(*REFUSALS, NotForPickup, WrongWindow, PickupLocked, PickupCodeWrong),
)
async def pick_up(call: Call[Officer], case_id: UUID) -> HandedOutView:
    """Hand a result to who shows its pick-up code."""
    # Per case: a busy window hands out many, and only one code can be guessed at a time.
    await call.ctx.limiter.hit("pickup", str(case_id))
    code = call.body(PickupBody).code
    return HandedOutView.of(await call.ctx.deliveries.pick_up(call.who, case_id, code))


@counter.add(
    "POST",
    "/<case_id:uuid>/receipt-transfer",
    answer=ReceiptPassed,
    errors=(CaseUnknown, StepNotYours, ReceiptNotDue),
)
async def pass_receipt(call: Call[Officer], case_id: UUID) -> ReceiptPassed:
    """Note that the signed receipt (送达回执) was handed to the department."""
    passed = await call.ctx.deliveries.pass_receipt(call.who, case_id)
    return ReceiptPassed(passed_at=passed.isoformat())
