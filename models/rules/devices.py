"""What a phone or browser is called in the list of devices: short, and no fingerprint."""

import re

LONGEST = 60
_SYSTEMS = (
    (re.compile(r"iPhone", re.I), "iPhone"),
    (re.compile(r"iPad", re.I), "iPad"),
    (re.compile(r"HarmonyOS|OpenHarmony", re.I), "鸿蒙手机"),
    (re.compile(r"Android", re.I), "安卓手机"),
    (re.compile(r"Windows", re.I), "Windows电脑"),
    (re.compile(r"Macintosh|Mac OS", re.I), "Mac电脑"),
    (re.compile(r"Linux|X11", re.I), "Linux电脑"),
)
_PROGRAMS = (
    (re.compile(r"MicroMessenger", re.I), "微信"),
    (re.compile(r"Edg/", re.I), "Edge浏览器"),
    (re.compile(r"Firefox/", re.I), "Firefox浏览器"),
    (re.compile(r"Chrome/", re.I), "Chrome浏览器"),
    (re.compile(r"Safari/", re.I), "Safari浏览器"),
)
UNKNOWN = "未知设备"


def device_name(user_agent: str, given: str = "") -> str:
    """Return what the owner will recognise: the name they gave, or system and program.

    Versions and models are left out: they would tell devices apart for ever.
    """
    words = ("".join(filter(str.isprintable, word)) for word in given.split())
    own = " ".join(filter(None, words))[:LONGEST]
    if own:
        return own
    found = [
        next((name for pattern, name in table if pattern.search(user_agent)), "")
        for table in (_SYSTEMS, _PROGRAMS)
    ]
    return " ".join(filter(None, found)) or UNKNOWN
