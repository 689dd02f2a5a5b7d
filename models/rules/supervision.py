"""What electronic supervision (电子监察) speaks of: kinds of alerts, and whose they are."""

from models.rules.named import Named


class AlertKind(Named):
    """超权限、超时限、逆程序: the three things that supervision looks for (贵安方案2017)."""

    OVERTIME = "OVERTIME", "超时限"
    OUT_OF_ORDER = "OUT_OF_ORDER", "逆程序"
    OVERREACH = "OVERREACH", "超权限"
