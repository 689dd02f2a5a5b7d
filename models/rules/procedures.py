"""Special procedures (特别程序): what may stop the clocks of a decision, and what may not."""

from collections.abc import Collection

# 行政许可法45: hearing, tender, auction, inspection, testing, quarantine, appraisal, expert review.
STATUTORY = ("听证", "招标", "拍卖", "检验", "检测", "检疫", "鉴定", "专家评审")
# Nobody plans a procedure longer than a year; a longer one is a slip of the sender.
MOST_DAYS = 365


def suspends(procedure: str, own: Collection[str]) -> bool:
    """Tell whether the time of a procedure is not counted (行政许可法45).

    ``own`` is what the item's published rules add, such as 公示. A site visit (现场踏勘) is not in
    the law's list: it stops the clocks only where the item says so.
    """
    return procedure in STATUTORY or procedure in own
