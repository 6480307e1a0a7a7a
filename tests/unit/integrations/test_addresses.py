"""The guard of outgoing calls: a stranger's URL never leads into a private network."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import NotAllowed, StoreUnavailable
from integrations import addresses

PUBLIC = "93.184.215.14"


def resolving(*found: str) -> addresses.Resolve:
    """A name server that always answers so."""

    def resolve(host: str, port: int) -> Sequence[str]:
        return found

    return resolve


def test_a_public_name_is_checked_once_and_connected_by_address() -> None:
    place = addresses.check("https://shop.example.com/wp-json/?a=1", resolver=resolving(PUBLIC, "2606:2800::1"))
    assert (place.host, place.port, place.path) == ("shop.example.com", 443, "/wp-json/?a=1")
    assert place.addresses == (PUBLIC, "2606:2800::1")
    assert place.authority == "shop.example.com"


HOSTILE = [
    "http://shop.example.com/", "https://shop.example.com:8443/", "ftp://shop.example.com/", "file:///etc/passwd",
    "https://user@shop.example.com/", "https://user:word@shop.example.com/", "https://a@b@shop.example.com/",
    "https://127.0.0.1/", "https://2130706433/", "https://0177.0.0.1/", "https://0x7f000001/",
    "https://0x7f.0.0.1/", "https://127.1/", "https://0/", "https://[::1]/", "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/", "https://[64:ff9b::7f00:1]/", "https://[fd00:ec2::254]/", "https://[fe80::1%25eth0]/",
    "https://169.254.169.254/latest/meta-data/", "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://１２７.0.0.1/",
    "https://localhost/", "https://localhost./", "https://intranet/", "https:///path", "https://", "",
    "shop.example",
    "https://shop.example.com\\@169.254.169.254/", "https://shop.example.com\n/",
    "https://shop.exa mple.com/",
    "https://shop.example.com\x00.evil/", "https://-shop.example.com/", "https://shop..example.com/",
    "https://shop.example.com:443:443/", "https://shop.example.com:99999/", "https://" + "a" * 300 + ".com/",
    "https://1.2.3.4.5/", "https://shop.example.0x1/", "https://93.184.215.14/", "javascript:alert(1)",
    "https://[v1.fe80::a]/", "https://xn--/", "//shop.example.com/", "https:shop.example.com",
]  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
def test_a_hostile_address_is_refused_without_resolving_it(url: str) -> None:
    def never(host: str, port: int) -> Sequence[str]:
        return [PUBLIC]

    with pytest.raises(NotAllowed):
        addresses.check(url, resolver=never)


PRIVATE = [
    "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1", "100.127.255.255", "0.0.0.0", "192.0.0.1", "192.0.2.1", "198.18.0.1",  # noqa: S104
    "198.51.100.1",
    "203.0.113.1", "192.88.99.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "::7f00:1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:93.184.215.14", "fe80::1", "fe80::1%eth0", "fec0::1",
    "fc00::1",
    "fd00:ec2::254", "ff02::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "100::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
@pytest.mark.parametrize("beside", [(), (PUBLIC,)])
def test_one_private_address_among_the_answers_refuses_them_all(address: str, beside: tuple[str, ...]) -> None:
    with pytest.raises(NotAllowed):
        addresses.check("https://shop.example.com/", resolver=resolving(*beside, address))
    with pytest.raises(NotAllowed):
        addresses.check("https://shop.example.com/", resolver=resolving(address, *beside))


def test_every_request_resolves_anew_so_rebinding_gains_nothing() -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"], [PUBLIC], ["169.254.169.254", PUBLIC]])

    def rebinding(host: str, port: int) -> Sequence[str]:
        return next(answers)

    url = "https://shop.example.com/"
    assert addresses.check(url, resolver=rebinding).addresses == (PUBLIC,)
    with pytest.raises(NotAllowed):
        addresses.check(url, resolver=rebinding)
    assert addresses.check(url, resolver=rebinding).addresses == (PUBLIC,)
    with pytest.raises(NotAllowed):
        addresses.check(url, resolver=rebinding)


def test_a_name_that_does_not_resolve_may_later() -> None:
    def broken(host: str, port: int) -> Sequence[str]:
        raise OSError("no such host")

    for resolver in (broken, resolving(), resolving("not an address")):
        with pytest.raises(StoreUnavailable):
            addresses.check("https://shop.example.com/", resolver=resolver)


def test_the_sandbox_opens_loopback_and_nothing_else() -> None:
    loop = resolving("127.0.0.1")
    assert addresses.check("http://localhost:8089/x", sandbox=True, resolver=loop).authority == "localhost:8089"
    assert addresses.check("http://127.0.0.1:8089/", sandbox=True, resolver=loop).scheme == "http"
    assert addresses.check("http://[::1]:80/", sandbox=True, resolver=resolving("::1")).addresses == ("::1",)
    with pytest.raises(NotAllowed):
        addresses.check("http://localhost:8089/x", resolver=loop)
    for private in ("10.0.0.1", "169.254.169.254", PUBLIC, "::ffff:127.0.0.1"):
        with pytest.raises(NotAllowed):
            addresses.check("http://shop.example.com/", sandbox=True, resolver=resolving(private))
    with pytest.raises(NotAllowed):
        addresses.check("https://shop.example.com/", sandbox=True, resolver=resolving("127.0.0.1", "10.0.0.1"))


@given(st.integers(0, 2**32 - 1))
def test_no_way_to_write_an_ipv4_address_as_a_number_gets_in(number: int) -> None:
    a, b, c, d = number.to_bytes(4)
    forms = [
        f"{number}", f"0x{number:x}", f"0{number:o}", f"{a}.{b}.{c}.{d}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}", f"{a}.{int.from_bytes((b, c, d))}",
        f"{a}.{b}.{int.from_bytes((c, d))}",
        f"[::ffff:{a}.{b}.{c}.{d}]", f"[64:ff9b::{a}.{b}.{c}.{d}]", f"[::{a}.{b}.{c}.{d}]",
    ]  # fmt: skip
    for form in forms:
        with pytest.raises(NotAllowed):
            addresses.check(f"https://{form}/", resolver=resolving(PUBLIC))


@given(st.integers(0, 2**128 - 1))
def test_an_ipv6_address_that_carries_another_is_never_public(number: int) -> None:
    address = IPv6Address(number)
    if addresses.public(address):
        assert address.ipv4_mapped is None
        assert address.sixtofour is None
        assert address.teredo is None
        assert address.is_global
        inner = (address.is_private, address.is_multicast, address.is_loopback, address.is_link_local)
        assert not any(inner)


@given(st.text(max_size=60))
def test_any_text_is_refused_or_leads_to_a_checked_address(text: str) -> None:
    try:
        place = addresses.check(text, resolver=resolving(PUBLIC))
    except NotAllowed:
        return
    assert place.scheme == "https"
    assert place.port == 443
    assert place.addresses == (str(ip_address(PUBLIC)),)
