"""Which addresses a name given by others may lead to: the public ones, and named networks inside.

A county's back-offices are mostly inside; whoever registers an address must not be able to make us
call our own machines, a router, or the metadata of a cloud.
"""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Metadata services answer whoever reaches them with the machine's own credentials: no setting
# opens these.
NEVER = tuple(
    map(
        ip_network,
        (
            *("169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"),
            *("100.100.100.200/32", "0.0.0.0/8", "::/128", "255.255.255.255/32"),
            *("224.0.0.0/4", "ff00::/8"),
        ),
    )
)
NAT64 = ip_network("64:ff9b::/96")


def read_address(text: str) -> Address:
    """Read an address, also one with a zone; raise ``ValueError``."""
    return ip_address(text.partition("%")[0])


def may_call(address: Address, inside: Iterable[Network]) -> bool:
    """Tell whether an address may be called; ``inside`` are networks that were named as ours."""
    for each in _meanings(address):
        if any(each in network for network in NEVER):
            return False
        if not each.is_global and not any(each in network for network in inside):
            return False
    return True


def _meanings(address: Address) -> list[Address]:
    """Return an address and the IPv4 address that hides in it: both have to be allowed."""
    if isinstance(address, IPv4Address):
        return [address]
    if address.ipv4_mapped is not None:
        return [address.ipv4_mapped]
    hidden = [address.sixtofour, *(address.teredo or ())]
    if address in NAT64:
        hidden.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [address, *(each for each in hidden if each is not None)]
