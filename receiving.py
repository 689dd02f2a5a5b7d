"""The composition of receiving: files on their way, and photos that become one material."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters import Adapters
from integrations.jobs import Handler
from services.finishing import FINISH, Finishing
from services.materials import Materials
from services.pages import Pages
from services.ports.files import FileCipher
from services.uploads import Uploads
from settings import Settings
from uploads.album import PdfAlbum
from uploads.parts import SealedParts


@dataclass(frozen=True)
class Receiving:
    """What handlers reach, and what the worker runs."""

    uploads: Uploads
    pages: Pages

    @property
    def handlers(self) -> dict[str, Handler]:
        return {FINISH: self.uploads.finishing.run}

    @property
    def schedules(self) -> dict[str, tuple[str, Callable[[], Awaitable[object]]]]:
        return {"uploads": ("*/10 * * * *", self.uploads.finishing.sweep)}


def compose_receiving(settings: Settings, made: Adapters, materials: Materials) -> Receiving:
    parts = SealedParts(made.objects, made.files.store, FileCipher(settings.file_cipher))
    finishing = Finishing(made.clock, made.crypto, parts, materials)
    return Receiving(
        uploads=Uploads(finishing, made.jobs), pages=Pages(finishing, PdfAlbum(made.files.read))
    )
