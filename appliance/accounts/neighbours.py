"""What an address counts under where somebody is slowed by it: one machine of IPv6 has any address of its /64."""

from ipaddress import IPv6Address, ip_address, ip_network


def neighbour(address: str) -> str:
    """Give an IPv6 address's /64, the IPv4 address that is mapped into one, any other text as it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
