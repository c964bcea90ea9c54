"""A blocking client of the line protocol. Nothing waits longer than SECONDS."""

import socket
import ssl
import struct
from collections.abc import Iterable
from types import TracebackType
from typing import Self

SECONDS = 20


class LineClient:
    """One connection; lines are written and read without their end.

    receive_bytes: what the kernel may hold for this client, small for those who shall be slow. tls: speak it, with who
    has a name, by default the host's.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        receive_bytes: int | None = None,
        tls: ssl.SSLContext | None = None,
        name: str | None = None,
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family)
        self.socket.settimeout(SECONDS)
        if receive_bytes is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        try:
            self.socket.connect((host.strip("[]"), port))
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket, server_hostname=name or host)
        except BaseException:
            self.socket.close()
            raise
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def send(self, *lines: str) -> None:
        """Send lines, in one piece."""
        self.send_bytes("".join(f"{line}\n" for line in lines).encode())

    def send_bytes(self, data: bytes) -> None:
        self.socket.sendall(data)

    def flood(self, chunks: Iterable[bytes], seconds: float = 0.5) -> int:
        """Send until nothing has been taken for so long, and return how many bytes were; AssertionError if all were."""
        sent = 0
        self.socket.settimeout(seconds)
        try:
            for chunk in chunks:
                rest = memoryview(chunk)
                while rest:
                    taken = self.socket.send(rest)
                    rest, sent = rest[taken:], sent + taken
        except TimeoutError:
            self.socket.settimeout(SECONDS)
            return sent
        raise AssertionError(f"all was taken: {sent} bytes")

    def line(self) -> str:
        """Read one line; EOFError where there is none."""
        while b"\n" not in self._rest:
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError(self._rest)
            self._rest += data
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode()

    def ask(self, line: str) -> str:
        """Send a line and return the next one that comes."""
        self.send(line)
        return self.line()

    def rest(self) -> list[str]:
        """Read until the server closes, and return the lines; all of them are whole."""
        chunks = [self._rest]
        while data := self.socket.recv(1 << 20):
            chunks.append(data)
        self._rest = b""
        text = b"".join(chunks).decode()
        assert text == "" or text.endswith("\n")
        return text.splitlines()

    def finish(self) -> None:
        """Send no more, and go on reading."""
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Vanish, with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self) -> None:
        self.socket.close()
