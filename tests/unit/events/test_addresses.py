"""Which addresses a webhook may reach, and which URLs it may have."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.domain.addresses import MAX_URL, parse_networks, refusal, url_problem

REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.254",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:808:808:0:0:f5ff:fffe",
    "2001:0:7f00:1:0:0:f7f7:f7f7",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2002:c0a8:101::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff::1",
    "fe80::1",
    "fe80::1%eth0",
    "fe80::1%1",
    "2606:4700::1111%1",
    "fec0::1",
    "feff::1",
    "ff02::1",
    "ff0e::1",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.0.0.1:80",
    "example.com",
]
REACHED = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "126.1.1.1",
    "128.0.0.1",
    "172.15.1.1",
    "172.32.0.1",
    "192.0.1.1",
    "192.167.1.1",
    "198.17.1.1",
    "198.20.0.1",
    "223.255.255.254",
    "2606:4700::1111",
    "2a00:1450::1",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
    "2001:0:808:808:0:0:f7f7:f7f7",
    "2620:4f:8000::1",
]


@pytest.mark.parametrize("address", [*REFUSED, "", " ", "127.0.0.1 "])
def test_what_is_not_public_is_refused(address: str) -> None:
    assert refusal(address, ()) is not None


@pytest.mark.parametrize("address", REACHED)
def test_what_is_public_is_reached(address: str) -> None:
    assert refusal(address, ()) is None


@given(st.ip_addresses())
def test_what_python_calls_not_global_is_refused(ip: IPv4Address | IPv6Address) -> None:
    if refusal(str(ip), ()) is None:
        assert not ip.is_multicast
        # Teredo is private for Python whatever it carries; ours follows what it carries.
        assert ip.is_global or (isinstance(ip, IPv6Address) and ip.teredo)


def test_allowed_networks_are_reached_and_only_those() -> None:
    allowed = parse_networks(["127.0.0.0/8", " fd00::/8 ", "10.1.2.3"])
    for address in ("127.0.0.1", "127.9.9.9", "fd12::1", "10.1.2.3", "1.1.1.1"):
        assert refusal(address, allowed) is None
    for address in ("10.1.2.4", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "fd12::1%1"):
        assert refusal(address, allowed) is not None


def test_refusals_say_why() -> None:
    assert refusal("169.254.169.254") == (
        "169.254.169.254 is not a public address "
        "(link-local; metadata services of clouds are there)."
    )
    assert refusal("2002:7f00:1::") == (
        "2002:7f00:1:: is not a public address (it leads to 127.0.0.1: this machine itself)."
    )


@pytest.mark.parametrize("text", ["", "localhost", "10.0.0.1/8", "10.0.0.0/33", "fd00::/129", "10"])
def test_what_is_no_network_is_named(text: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_networks(["127.0.0.0/8", text])
    assert str(raised.value).startswith(f"{text!r} is no network")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "HTTPS://Example.COM/hook",
        "https://example.com./hook?a=b&c=%20d",
        "https://example.com:8443/a/b@c:d;e",
        "https://bücher.example/ü?ü=ü",
        "https://xn--bcher-kva.example/",
        "https://r3---sn-abc.example.com/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]:443/",
        "https://a-b.3com.io:65535",
        "https://localhost/",
    ],
)
def test_good_urls(url: str) -> None:
    assert url_problem(url, allow_http=False) is None


def test_http_only_if_allowed() -> None:
    assert url_problem("http://example.com/", allow_http=False) == (
        "The URL must start with https://."
    )
    assert url_problem("http://example.com/", allow_http=True) is None
    assert url_problem("ftp://example.com/", allow_http=True) == (
        "The URL must start with https:// or http://."
    )


def test_the_longest_url() -> None:
    start = "https://example.com/"
    assert url_problem(start.ljust(MAX_URL, "a"), allow_http=False) is None
    assert url_problem(start.ljust(MAX_URL + 1, "a"), allow_http=False) is not None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com",
        "https:example.com",
        "https:/example.com",
        "https://",
        "https:///path",
        "https://:443/",
        "https://?a",
        "https://user@example.com",
        "https://user:pass@example.com",
        "https://@example.com",
        "https://example.com#",
        "https://example.com/#a",
        "https://example.com#@evil.example",
        "https://example.com\\@evil.example/",
        "https:\\\\example.com",
        "https://example.com/a b",
        " https://example.com",
        "https://example.com\n",
        "https://example.com/\r\nHost: x",
        "https://example.com/\x00",
        "https://exam\u200bple.com/",
        "https://exam\u00adple.com/",
        "https://example.com/\ud800",
        "https://example.com/\u202e",
        "https://example.com:",
        "https://example.com:0",
        "https://example.com:65536",
        "https://example.com:-1",
        "https://example.com:+80",
        "https://example.com:8_0",
        "https://example.com:８０",
        "https://example.com:80:90",
        "https://exa%6dple.com",
        "https://example.com%00.evil.example",
        "https://exa_mple.com",
        "https://-example.com",
        "https://example-.com",
        "https://example..com",
        "https://.example.com",
        "https://example.com..",
        "https://.",
        f"https://{'a' * 64}.com",
        f"https://{'a.' * 127}com",
        "https://xn--zz--zzz-.com",
        "https://xn--.com",
        "https://2130706433/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://0x7f.0.0.1/",
        "https://0x7f000001/",
        "https://127.0.0.1./",
        "https://127.0.0.256/",
        "https://1.2.3.4.5/",
        "https://example.0x/",
        "https://①②⑦.⓪.⓪.①/",
        "https://127。0。0。1/",
        "https://１２７.0.0.1/",
        "https://١٢٧.0.0.1/",
        "https://example。com/",
        "https://[::1",
        "https://::1/",
        "https://[::1]x/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[v1.abc]/",
        "https://[127.0.0.1]/",
        "https://[]/",
        "https://exam*ple.com",
        "https://a,b.com",
        "javascript://example.com",
        "data:text/plain,a",
    ],
)
def test_bad_urls(url: str) -> None:
    assert url_problem(url, allow_http=False) is not None


@given(st.text(max_size=80))
def test_whatever_is_entered_nothing_is_raised(text: str) -> None:
    assert url_problem(text, allow_http=True) is not None or "://" in text
    url_problem("https://" + text, allow_http=False)
    url_problem(f"https://[{text}]/", allow_http=False)
    url_problem(f"https://xn--{text}/", allow_http=False)
    refusal(text, ())
