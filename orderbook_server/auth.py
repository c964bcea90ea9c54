"""Tokens: who may do what (docs/server.md, "Security").

A token is `obt_<id>_<secret>`. The id is no secret: it finds the entry. The whole token is kept as its SHA-256 only; it
has 256 random bits, so a slow hash would add nothing.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from orderbook_server.config import ConfigError
from orderbook_server.config.reading import read_toml

ROLES = ("admin", "trader", "viewer")
REQUIRED = ("id", "name", "role", "sha256")
KEYS = {*REQUIRED, "accounts"}
FORM = re.compile(r"obt_(?P<id>[a-z0-9]{1,32})_[A-Za-z0-9_-]{43}", re.ASCII)
ID = re.compile(r"[a-z0-9]{1,32}", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
NOBODY = bytes(hashlib.sha256().digest_size)  # compared with where no entry has the id, so that it takes as long


@dataclass(frozen=True, slots=True)
class Access:
    """What a token may. `accounts`: those that it is for; None: all."""

    role: str
    name: str
    accounts: frozenset[int] | None = None

    def may_credit(self) -> bool:
        """Tell whether it may credit and debit."""
        return self.role == "admin"

    def may_trade(self, account_id: int) -> bool:
        """Tell whether it may submit, modify and cancel for an account."""
        return self.role == "admin" or (self.role == "trader" and self._has(account_id))

    def may_read(self, account_id: int) -> bool:
        """Tell whether it may see what is private to an account."""
        return self.role == "admin" or self._has(account_id)

    def _has(self, account_id: int) -> bool:
        return self.accounts is None or account_id in self.accounts


OPEN = Access("admin", name="")  # what everybody may where no tokens are asked for


@dataclass(frozen=True, slots=True)
class Entry:
    """A token as its file has it."""

    token_id: str
    digest: bytes
    access: Access


class Tokens:
    """The tokens that are known."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.token_id: entry for entry in entries}

    def __len__(self) -> int:
        return len(self._entries)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file of tokens; raise ConfigError naming file, entry and key."""
        return cls(read_entries(path).values())

    def authenticate(self, token: str) -> Access | None:
        """Return what a token may, None where it is not known."""
        match = FORM.fullmatch(token)
        entry = self._entries.get(match["id"]) if match else None
        digest = digest_of(token)
        equal = hmac.compare_digest(digest, entry.digest if entry else NOBODY)
        return entry.access if entry and equal else None


def digest_of(token: str) -> bytes:
    """Return the SHA-256 of a token."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def read_entries(path: Path) -> dict[str, Entry]:
    """Return {id: entry} of a file of tokens; raise ConfigError."""
    content = read_toml(path)
    if unknown := sorted(content.keys() - {"token"}):
        raise ConfigError(path, unknown[0], problem="is no key of a file of tokens; it has tables [[token]]")
    tables = content.get("token", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(path, "token", problem="must be tables: [[token]]")
    entries: dict[str, Entry] = {}
    for position, table in enumerate(tables, 1):
        try:
            entry = _entry(table)
            if entry.token_id in entries:
                raise ConfigError("id", problem=f"{entry.token_id!r} belongs to another token too")
        except ConfigError as error:
            raise ConfigError(path, f"token {position}", problem=str(error)) from error
        entries[entry.token_id] = entry
    return entries


def _entry(table: Mapping[str, Any]) -> Entry:
    """Return the entry that a table describes; raise ConfigError naming the key that is wrong."""
    for key in table:
        if key not in KEYS:
            raise ConfigError(key, problem=f"is no key of a token; those are {', '.join((*REQUIRED, 'accounts'))}")
    for key in REQUIRED:
        if key not in table:
            raise ConfigError(key, problem="is missing")
        if not isinstance(table[key], str):
            raise ConfigError(key, problem="must be a string")
    if not ID.fullmatch(table["id"]):
        raise ConfigError("id", problem="must be 1 to 32 lower-case letters and digits")
    if not SHA256.fullmatch(table["sha256"]):
        raise ConfigError("sha256", problem="must be 64 hexadecimal digits in lower case")
    access = make_access(table["role"], table["name"], table.get("accounts"))
    return Entry(table["id"], bytes.fromhex(table["sha256"]), access)


def make_access(role: str, name: str, accounts: object) -> Access:
    """Return what a role may for some accounts: a list of numbers, or "all", which None is short for in an admin's."""
    if role not in ROLES:
        raise ConfigError("role", problem=f"{role!r} must be {', '.join(ROLES[:-1])} or {ROLES[-1]}")
    if role == "admin" and accounts not in (None, "all"):
        raise ConfigError("accounts", problem='an admin has all accounts: leave them out, or say "all"')
    if role != "admin" and accounts is None:
        raise ConfigError("accounts", problem=f'is missing: a {role} needs a list of account numbers, or "all"')
    if accounts in (None, "all"):
        return Access(role, name)
    if not isinstance(accounts, list) or not all(_is_account(account) for account in accounts):
        raise ConfigError("accounts", problem='must be a list of account numbers, or "all"')
    return Access(role, name, frozenset(accounts))


def _is_account(value: object) -> bool:
    """Tell whether a value is the number of an account."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64
