"""Which addresses a webhook may reach, and which URLs it may have.

Whoever enters a webhook's URL makes this server send requests. Without a limit he could reach what
only this server reaches: its own ports, its neighbours, the metadata service of its cloud. Hence
only globally routable unicast addresses are reached, and those networks that the operator allows.

The lists are IANA's special-purpose registries (RFC 6890 and its updates), written out instead of
asking `ipaddress.is_global`, whose answers differ between versions of Python.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import idna

__all__ = ["MAX_URL", "Network", "parse_networks", "refusal", "url_problem"]

Network = IPv4Network | IPv6Network

#: The longest URL, in characters.
MAX_URL: Final = 2_000

_REFUSED_IPV4: Final = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "this host on this network"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a provider's shared network"),
        ("127.0.0.0/8", "this machine itself"),
        # Azure's host answers here from every virtual machine, though the network is a public one.
        ("168.63.129.16/32", "the metadata service of a cloud"),
        ("169.254.0.0/16", "link-local; metadata services of clouds are there"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a relay of 6to4"),
        ("192.168.0.0/16", "a private network"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_NAT64: Final = IPv6Network("64:ff9b::/96")
_6TO4: Final = IPv6Network("2002::/16")
_TEREDO: Final = IPv6Network("2001::/32")
_REFUSED_IPV6: Final = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("::/128", "the unspecified address"),
        ("::1/128", "this machine itself"),
        ("::ffff:0:0/96", "an IPv4 address in disguise"),
        ("::/96", "an IPv4 address in disguise"),
        ("64:ff9b:1::/48", "a local translation to IPv4"),
        ("2001:db8::/32", "for documentation"),
        ("2001::/23", "reserved for protocols"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
#: All unicast that IANA has given out so far; whatever lies outside is reserved.
_GLOBAL_IPV6: Final = IPv6Network("2000::/3")

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>.*))?", re.DOTALL)
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
#: As browsers read it, a host whose last label is a number is an IPv4 address in some spelling.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
#: Control, format, unassigned, private, surrogate; separators of lines, paragraphs and words.
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})


def refusal(address: str, allowed: Sequence[Network] = ()) -> str | None:
    """Why a webhook must not reach ``address``; None: it may.

    Args:
        address: a numeric IPv4 or IPv6 address, as a resolver gives it.
        allowed: networks that may be reached although they are not public. An address is looked up
            as what it is: ``::ffff:10.0.0.1`` is not in ``10.0.0.0/8``.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return f"{address[:100]!r} is no IP address."
    if isinstance(ip, IPv6Address) and ip.scope_id is not None:
        return f"{address[:100]} names an interface of this machine."
    if any(ip in network for network in allowed):
        return None
    what = _why_ipv4(ip) if isinstance(ip, IPv4Address) else _why_ipv6(ip)
    return f"{ip} is not a public address ({what})." if what else None


def parse_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks, for ``allowed`` of `refusal`.

    Args:
        texts: ``10.20.0.0/16``, ``fd00::/8``; a single address is a network of one.

    Raises:
        ValueError: one of them is none, or has bits set after its prefix; the message names it.
    """
    networks: list[Network] = []
    for text in texts:
        try:
            networks.append(ip_network(text.strip()))
        except ValueError as error:
            raise ValueError(
                f"{text!r} is no network; it should read like 10.20.0.0/16 or fd00::/8 ({error})."
            ) from error
    return tuple(networks)


def url_problem(url: str, *, allow_http: bool) -> str | None:
    """What is wrong with a webhook's URL, before anything is resolved; None: nothing.

    It is stricter than RFC 3986 where programs disagree about what a URL means.

    Args:
        allow_http: whether ``http:`` is good enough.
    """
    if len(url) > MAX_URL:
        return f"The URL is longer than {MAX_URL:,} characters."
    if any(unicodedata.category(character) in _INVISIBLE for character in url):
        return "The URL has control characters, whitespace or characters that cannot be seen."
    if "\\" in url:
        return "The URL has a backslash; some programs read it as a slash."
    found = _URL.fullmatch(url)
    scheme = found["scheme"].lower() if found else ""
    if found is None or scheme not in ({"https", "http"} if allow_http else {"https"}):
        return "The URL must start with https://" + (" or http://." if allow_http else ".")
    if "#" in found["rest"]:
        return "The URL has a fragment (#…), which is never sent."
    if "@" in found["authority"]:
        return "The URL has a user name or password; use a header instead."
    parts = _AUTHORITY.fullmatch(found["authority"])
    if parts is None:
        return "The URL's host is malformed."
    return _host_problem(parts["host"]) or _port_problem(parts["port"])


def _why_ipv4(ip: IPv4Address) -> str | None:
    return next((what for network, what in _REFUSED_IPV4 if ip in network), None)


def _why_ipv6(ip: IPv6Address) -> str | None:
    """Addresses that carry an IPv4 address lead to it, hence are as good as that one."""
    carried: list[IPv4Address] = []
    if ip in _NAT64:
        carried = [IPv4Address(ip.packed[12:])]
    elif ip in _6TO4:
        carried = [IPv4Address(ip.packed[2:6])]
    elif ip in _TEREDO:
        # The server's address, and the client's with all bits turned round (RFC 4380 §4).
        client = IPv4Address(bytes(0xFF ^ byte for byte in ip.packed[12:]))
        carried = [IPv4Address(ip.packed[4:8]), client]
    if carried:
        refused = ((inner, _why_ipv4(inner)) for inner in carried)
        return next((f"it leads to {inner}: {what}" for inner, what in refused if what), None)
    what = next((what for network, what in _REFUSED_IPV6 if ip in network), None)
    return what or (None if ip in _GLOBAL_IPV6 else "reserved")


def _host_problem(host: str) -> str | None:
    if not host:
        return "The URL has no host."
    if host.startswith("["):
        return _literal_problem(host[1:-1])
    if "%" in host:
        return "The URL's host has a percent-encoding."
    name = host.lower()
    if not host.isascii():
        # Unlike browsers, no mapping first: full-width and circled digits and dots stay refused.
        try:
            name = idna.encode(host.lower()).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return "The URL's host is no valid internationalized name."
        if any(dot in host for dot in "\u3002\uff0e\uff61"):
            return "The URL's host has a dot that is not a full stop."
    return _name_problem(name)


def _literal_problem(literal: str) -> str | None:
    try:
        ip = IPv6Address(literal)
    except ValueError:
        return "The URL's host is no valid IPv6 address."
    if ip.scope_id is not None:
        return "The URL's host names an interface of this machine."
    return None


def _name_problem(name: str) -> str | None:
    """Of a lower-case ASCII name or a dotted IPv4 address."""
    labels = name.removesuffix(".").split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            IPv4Address(name)
        except ValueError:
            return "The URL's host is no valid IPv4 address; write it as four decimal numbers."
        return None
    if len(name.removesuffix(".")) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return "The URL's host is no valid name."
    try:
        for label in labels:
            if label.startswith("xn--"):
                idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return "The URL's host is no valid internationalized name."
    return None


def _port_problem(port: str | None) -> str | None:
    if port is None:
        return None
    if not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65_535:
        return "The URL's port must be a number from 1 to 65535."
    return None
