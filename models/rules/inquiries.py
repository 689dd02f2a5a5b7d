"""Inquiries (说明) after acceptance: a question is allowed, one more 补正 is not.

行政许可法32(四): what is missing is told once, before acceptance. After it the authority may ask
for an explanation, and nobody has to answer. A demand for materials is one in any dress.
"""

import re

# Words by which an office demands papers; a question about papers that are there has none of them.
_DEMANDS = re.compile(
    r"补正|补交|补齐|补充提交|补充提供|补充材料|重新提交|重新上传|另行提供|另行提交"
)


def demands_materials(question: str) -> bool:
    """Tell whether a question asks for papers instead of an explanation."""
    return _DEMANDS.search("".join(question.split())) is not None
