"""Where a call may go: public addresses only, resolved once and connected to as resolved.

A name that points at 127.0.0.1, at the cloud's metadata address or into the company's network would let whoever may enter
an address read what only this server reaches. Resolving again at the connection would let the name change in between.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

import certifi
from flask import current_app
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.exceptions import HTTPError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")
TIMEOUT = Timeout(connect=5, read=10)


class RefusedTarget(Exception):
    """The address is none that may be called."""


class UnreachableTarget(Exception):
    """Nobody answered there, or the answer was none."""


def is_public(address: Address) -> bool:
    """Whether an address is out in the internet, whatever an IPv6 address wraps."""
    if isinstance(address, ipaddress.IPv6Address):
        wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if address in NAT64:
            wrapped = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if wrapped:
            return is_public(wrapped)
    return address.is_global and not address.is_multicast


def refuse_literal(host: str) -> None:
    """Raises RefusedTarget for an address written in numbers that is not public; names are judged when they are called."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            _refuse(host)
        return
    if not is_public(address):
        _refuse(host)


def resolve(host: str, port: int) -> str:
    """The address to connect to. A name of which one address is not public is refused whole. Raises RefusedTarget, UnreachableTarget."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnreachableTarget(f"{host} has no address") from error
    addresses = [str(entry[4][0]) for entry in found]
    for text in addresses:
        if not is_public(ipaddress.ip_address(text.partition("%")[0])):
            _refuse(f"{host} ({text})")
    return addresses[0]


def _refuse(what: str) -> None:
    if not current_app.config.get("WEBHOOK_ALLOW_PRIVATE", False):
        raise RefusedTarget(f"{what} is not a public address")


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """Send `body` and return the status of the answer, whose body is not read. Redirects are not followed, proxies not asked."""
    parts = urlsplit(url)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    address = resolve(host, port)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with _pool(address, port, host if is_tls else "") as pool:
        try:
            answer = pool.urlopen(
                "POST", path, body, headers | {"Host": parts.netloc}, retries=False, redirect=False, timeout=TIMEOUT, preload_content=False
            )
        except (HTTPError, OSError, ValueError) as error:
            raise UnreachableTarget(f"{type(error).__name__}: {error}") from error
        answer.close()
        return answer.status


def _pool(address: str, port: int, tls_name: str) -> HTTPConnectionPool:
    """Connections to the resolved address; the certificate is asked for the name."""
    if not tls_name:
        return HTTPConnectionPool(address, port)
    return HTTPSConnectionPool(
        address, port, server_hostname=tls_name, assert_hostname=tls_name, ca_certs=certifi.where(), cert_reqs="CERT_REQUIRED"
    )
