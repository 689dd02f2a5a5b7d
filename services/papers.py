"""Papers (格式文本和示范文本): what to copy when a material has to be written by hand."""

from models.rules.item_words import Paper
from services.errors import NotFound
from services.items import PublishedItem


class PaperUnknown(NotFound):
    """The item has no such material, or the material has no such text."""

    code = "paper_unknown"
    sentence = "这份材料没有格式文本或示范文本。"


def paper_of(item: PublishedItem, code: str, paper: Paper) -> tuple[str, str]:
    """Return the file name and the text; raise ``PaperUnknown``."""
    for material in item.materials:
        if material["code"] == code and paper.value in material:
            return f"{material['name']}({paper.zh}).txt", str(material[paper.value])
    raise PaperUnknown
