"""Not asked twice: the use-cases by which materials come without an upload."""

from dataclasses import dataclass

from adapters import Adapters
from services.certificate_sheets import Sheets
from services.certificates import Certificates
from services.materials import Materials
from services.sources import Sources
from services.vault import Vault
from services.working_copies import WorkingCopies


@dataclass(frozen=True)
class Supplies:
    """What the context takes over under the same names."""

    vault: Vault
    sources: Sources
    certificates: Certificates
    working_copies: WorkingCopies


def compose_supplies(made: Adapters, materials: Materials) -> Supplies:
    """Put the use-cases together over the one that keeps materials."""
    sheets = Sheets(made.files, made.printer)
    vault = Vault(materials)
    return Supplies(
        vault=vault,
        sources=Sources(materials, made.certificates is not None),
        certificates=Certificates(materials, made.certificates, sheets),
        working_copies=WorkingCopies(materials, vault, made.watermarks),
    )
