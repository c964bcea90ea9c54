"""Make a token, and add its entry to a file of tokens."""

import fcntl
import json
import os
import secrets
import string
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from orderbook_server.auth import Access, digest_of, read_entries
from orderbook_server.config import ConfigError

ID_LETTERS = string.ascii_lowercase + string.digits
ID_LENGTH = 8
SECRET_BYTES = 32


def add_token(path: Path, access: Access) -> str:
    """Make a token, add its entry to a file behind what is there, and return it: it is nowhere else.

    The file is made, for its owner alone, where there is none; it appears whole or not at all. Who adds at the same
    time waits. Raise ConfigError where the file is no file of tokens, or none to which text can be added, OSError where
    it cannot be written.
    """
    target = Path(os.path.realpath(path))  # what a link points to is replaced, not the link
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if target.exists() and not target.is_file():  # what takes its place would be one
            raise ConfigError(path, problem="is no file that can be replaced")
        present = read_entries(path) if target.exists() else {}
        token_id = _new_id(present)
        token = f"obt_{token_id}_{secrets.token_urlsafe(SECRET_BYTES)}"
        _replace(target, _extended(path, target, _as_toml(token_id, token, access)))
        os.fsync(folder)
    finally:
        os.close(folder)
    return token


def _new_id(taken: Mapping[str, object]) -> str:
    """Return an id that no token has."""
    while True:
        token_id = "".join(secrets.choice(ID_LETTERS) for _ in range(ID_LENGTH))
        if token_id not in taken:
            return token_id


def _as_toml(token_id: str, token: str, access: Access) -> str:
    """Return the entry of a token. Strings of printable characters are written in JSON as in TOML."""
    accounts = "all" if access.accounts is None else sorted(access.accounts)
    entry = {"id": token_id, "name": access.name, "role": access.role, "accounts": accounts}
    entry["sha256"] = digest_of(token).hex()
    return "[[token]]\n" + "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in entry.items())


def _extended(path: Path, target: Path, entry: str) -> bytes:
    """Return what a file holds and an entry behind it; raise ConfigError where that would be no TOML."""
    before = target.read_bytes().decode() if target.exists() else ""  # ends of lines as they are
    gap = "" if not before else "\n" if before.endswith("\n") else "\n\n"
    content = before + gap + entry
    try:
        tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:  # such as behind `token = []`
        raise ConfigError(path, "token", problem="must be tables [[token]] to which one can be added") from error
    return content.encode()


def _replace(target: Path, content: bytes) -> None:
    """Put a file in the place of `target`, with its mode where there is one."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if target.exists():
                os.fchmod(file.fileno(), target.stat().st_mode & 0o777)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
