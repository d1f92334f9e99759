"""One machine has one address of IPv4, and any of a network of IPv6."""

from appliance.accounts.neighbours import neighbour


def test_addresses_of_one_network_of_ipv6_count_as_one() -> None:
    assert neighbour("2001:db8::1") == neighbour("2001:db8::ffff:2") != neighbour("2001:db8:0:1::1")
    assert (neighbour("192.0.2.1"), neighbour("")) == ("192.0.2.1", "")


def test_an_address_of_ipv4_within_ipv6_is_that_address() -> None:
    assert neighbour("::ffff:192.0.2.1") == "192.0.2.1" != neighbour("::ffff:192.0.2.2")
