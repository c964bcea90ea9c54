"""Addresses to listen on, as people write them."""

import re
from ipaddress import ip_address
from typing import NamedTuple, Self

PORT_MAX = 65535
FORM = re.compile(r"(?:\[(?P<bracketed>[0-9A-Za-z:.%]+)\]|(?P<plain>[^\s:\[\]/@]+)):(?P<port>[0-9]{1,5})", re.ASCII)


class Address(NamedTuple):
    """A host, by name or by number, and a TCP port; port 0 is whichever is free."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read HOST:PORT or [IPV6]:PORT; ValueError where it is neither."""
        match = FORM.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} must be HOST:PORT, such as 127.0.0.1:9000 or [::1]:9000, or none")
        host, port = match["bracketed"] or match["plain"], int(match["port"])
        if port > PORT_MAX:
            raise ValueError(f"{text!r} has a port above {PORT_MAX}")
        if match["bracketed"] and not _is_version_6(host):
            raise ValueError(f"{text!r} has something in brackets that is no IPv6 address")
        return cls(host, port)

    def is_loopback(self) -> bool:
        """Tell whether only this machine can connect; what a name other than localhost leads to is not known."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _is_version_6(host: str) -> bool:
    """Tell whether a host is an IPv6 address."""
    try:
        return ip_address(host).version == 6
    except ValueError:
        return False
