"""The devices on which a citizen is logged in: list them, end one, end all."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, StrictBool

from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from models.rules.ways import Way
from services.actors import Citizen
from services.sessions import Device, SessionUnknown

sessions = Routes("accounts", "/v1/me", CITIZEN)
ROUTES = (sessions,)


class DeviceView(BaseModel):
    """A device: a short name, by what and when it came in, when it was last seen; no place."""

    id: UUID
    name: str
    way: Way
    way_name: str
    came_at: str
    seen_at: str
    current: bool

    @classmethod
    def of(cls, device: Device) -> "DeviceView":
        return cls(
            id=device.id,
            name=device.name,
            way=device.way,
            way_name=device.way.zh,
            came_at=device.came_at.isoformat(),
            seen_at=device.seen_at.isoformat(),
            current=device.current,
        )


class DeviceList(BaseModel):
    devices: list[DeviceView]


class LogoutScope(BaseModel):
    """``others_only`` keeps the asker's own session."""

    model_config = ConfigDict(extra="forbid")

    others_only: StrictBool = False


class LoggedOut(BaseModel):
    ended: int


@sessions.add("GET", "/sessions", answer=DeviceList)
async def list_devices(call: Call[Citizen]) -> DeviceList:
    """List the devices on which one is logged in, last seen first."""
    found = await call.ctx.sessions.devices(call.who)
    return DeviceList(devices=[DeviceView.of(each) for each in found])


@sessions.add("DELETE", "/sessions/<session_id:uuid>", status=204, errors=(SessionUnknown,))
async def end_device(call: Call[Citizen], session_id: UUID) -> None:
    """Log one device out."""
    await call.ctx.sessions.close_device(call.who, session_id)


@sessions.add("POST", "/sessions/end-all", body=LogoutScope, answer=LoggedOut, optional=True)
async def end_all(call: Call[Citizen]) -> LoggedOut:
    """Log out everywhere, or everywhere but here."""
    scope = call.body(LogoutScope, optional=True)
    ended = await call.ctx.sessions.close_all(call.who, others_only=scope.others_only)
    return LoggedOut(ended=ended)
