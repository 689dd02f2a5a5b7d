"""A document as a voice reads it: sentences only, tables row by row."""

from collections.abc import Mapping, Sequence
from typing import Any


def aloud(content: Mapping[str, Any]) -> str:
    """Return a document's content as one text to be read to its addressee."""
    blocks = [block["text"] if "text" in block else _rows(block) for block in content["blocks"]]
    head = (f"{content['title']}。", f"{content['addressee']}：")
    return "\n".join([*head, *blocks, f"{content['organ']}，{content['dated_text']}。"])


def _rows(block: Mapping[str, Any]) -> str:
    lines = [f"{block['heading']}，一共{len(block['rows'])}项。"]
    lines += [_row(block["columns"], row) for row in block["rows"]]
    return "\n".join(lines)


def _row(columns: Sequence[str], row: Sequence[str]) -> str:
    said = [f"第{row[0]}项"]
    # One column needs no name: the heading has said what it is.
    for name, cell in zip(columns[1:], row[1:], strict=True):
        if cell:
            text = cell.rstrip("。")
            said.append(text if len(columns) == 2 else f"{name}：{text}")
    return "，".join(said[:1]) + "，" + "。".join(said[1:]) + "。"
