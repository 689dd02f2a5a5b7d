"""Waivers (费用减免): where a request to owe nothing of a fee is."""

from models.rules.named import Named


class WaiverStatus(Named):
    """OVERTAKEN: the fee was settled, or its case ended, before anybody decided."""

    OPEN = "OPEN", "已申请,等工作人员核对"
    TAKEN_BACK = "TAKEN_BACK", "您已撤回"
    GRANTED = "GRANTED", "已减免,不用缴费"
    REFUSED = "REFUSED", "没有批准"
    OVERTAKEN = "OVERTAKEN", "已缴费或者办件已结束,不再办理"
