"""Organisational units (机构): who belongs where, and which cases are theirs."""

from enum import StrEnum


class UnitKind(StrEnum):
    """What a unit is. Townships are tenants of the county's system (1+10 窗口)."""

    COUNTY_CENTER = "COUNTY_CENTER"
    AGENCY = "AGENCY"
    TOWNSHIP = "TOWNSHIP"
