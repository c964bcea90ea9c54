"""Tokens: what they may, what their file may say, and how one is added to it."""

import hashlib
import hmac
import os
import re
import stat
import threading
import tomllib
from types import SimpleNamespace

import pytest

from orderbook_server import auth, new_token
from orderbook_server.auth import OPEN, Access, Tokens, make_access
from orderbook_server.config import ConfigError
from orderbook_server.new_token import add_token

ALICE = Access("trader", "alice", frozenset({7}))
SHA256 = "0" * 64


@pytest.fixture
def file(tmp_path):
    return tmp_path / "tokens.toml"


def entry(**changes):
    """Return a file with one entry; a change to None leaves a key out."""
    values = {"id": "k3v9q2x8", "name": "alice", "role": "trader", "accounts": [7], "sha256": SHA256} | changes
    lines = [
        f"{key} = {value if isinstance(value, list | int) else repr(value)}"
        for key, value in values.items()
        if value is not None
    ]
    return "\n".join(["[[token]]", *lines, ""])


def test_a_token_is_known_by_itself_alone(file):
    token = add_token(file, ALICE)
    assert re.fullmatch(r"obt_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", token)
    tokens = Tokens.load(file)
    assert tokens.authenticate(token) == ALICE
    swapped = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in ("", "obt", token[:-1], token + "A", swapped, token.upper(), f" {token}", token + "\n", "\udcff", "é"):
        assert tokens.authenticate(wrong) is None, wrong
    _, token_id, secret = token.split("_", 2)
    assert tokens.authenticate(f"obt_{token_id[::-1]}x_{secret}") is None


def test_the_secret_is_in_no_file(file):
    token = add_token(file, ALICE)
    secret = token.split("_", 2)[2]
    text = file.read_text()
    assert secret not in text
    assert hashlib.sha256(token.encode()).hexdigest() in text


def test_tokens_are_compared_in_constant_time_known_or_not(file, monkeypatch):
    """One comparison of two digests, whichever part of a token is wrong."""
    token = add_token(file, ALICE)
    tokens = Tokens.load(file)
    compared = []

    def compare(one, other):
        compared.append((len(one), len(other)))
        return hmac.compare_digest(one, other)

    monkeypatch.setattr(auth, "hmac", SimpleNamespace(compare_digest=compare))
    for attempt in (token, token[:-1] + "~", "obt_unknown1_" + token.split("_", 2)[2], "nonsense"):
        compared.clear()
        tokens.authenticate(attempt)
        assert compared == [(32, 32)], attempt


@pytest.mark.parametrize(
    ("access", "credit", "trade_own", "trade_other", "read_own", "read_other"),
    [
        (OPEN, True, True, True, True, True),
        (Access("admin", "a"), True, True, True, True, True),
        (Access("trader", "t", frozenset({7})), False, True, False, True, False),
        (Access("trader", "t"), False, True, True, True, True),
        (Access("trader", "t", frozenset()), False, False, False, False, False),
        (Access("viewer", "v", frozenset({7})), False, False, False, True, False),
        (Access("viewer", "v"), False, False, False, True, True),
    ],
)
def test_what_roles_may(access, credit, trade_own, trade_other, read_own, read_other):
    assert access.may_credit() is credit
    assert (access.may_trade(7), access.may_trade(8)) == (trade_own, trade_other)
    assert (access.may_read(7), access.may_read(8)) == (read_own, read_other)


@pytest.mark.parametrize(
    ("role", "accounts", "expected"),
    [
        ("admin", None, None),
        ("admin", "all", None),
        ("trader", "all", None),
        ("trader", [0, 2**64 - 1], frozenset({0, 2**64 - 1})),
        ("viewer", [], frozenset()),
    ],
)
def test_accounts(role, accounts, expected):
    assert make_access(role, "x", accounts) == Access(role, "x", expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (entry(id=None), "token 1: id: is missing"),
        (entry(name=None), "token 1: name: is missing"),
        (entry(role=None), "token 1: role: is missing"),
        (entry(sha256=None), "token 1: sha256: is missing"),
        (entry(accounts=None), "token 1: accounts: is missing: a trader needs a list of account numbers"),
        (entry(id=5), "token 1: id: must be a string"),
        (entry(id="A"), "token 1: id: must be 1 to 32 lower-case letters and digits"),
        (entry(id=""), "token 1: id: must be"),
        (entry(sha256="0" * 63), "token 1: sha256: must be 64 hexadecimal digits"),
        (entry(sha256="G" * 64), "token 1: sha256: must be"),
        (entry(role="root"), "token 1: role: 'root' must be admin, trader or viewer"),
        (entry(role="admin"), "token 1: accounts: an admin has all accounts"),
        (entry(accounts="some"), 'token 1: accounts: must be a list of account numbers, or "all"'),
        (entry(accounts=["7"]), "token 1: accounts: must be a list"),
        (entry(accounts=[-1]), "token 1: accounts: must be a list"),
        (entry(accounts=[2**64]), "token 1: accounts: must be a list"),
        (entry(accounts=7), "token 1: accounts: must be a list"),
        (entry(secret="x"), "token 1: secret: is no key of a token; those are id, "),
        (entry() + entry(name="bob"), "token 2: id: 'k3v9q2x8' belongs to another token too"),
        ("[[tokens]]\n", "tokens: is no key of a file of tokens"),
        ("token = 5", "token: must be tables: [[token]]"),
        ("[token]\nid = 'x'", "token: must be tables: [[token]]"),
        ("[[token]", "is not TOML: "),
    ],
)
def test_what_is_wrong_in_a_file(file, text, message):
    """The message names the file, the entry and the key; and nothing is added to such a file."""
    file.write_text(text)
    for use in (Tokens.load, lambda path: add_token(path, ALICE)):
        with pytest.raises(ConfigError) as caught:
            use(file)
        assert str(caught.value).startswith(f"{file}: {message}")
    assert file.read_text() == text


def test_a_file_that_is_not_there(file):
    with pytest.raises(ConfigError, match=r"tokens\.toml: cannot be read: No such file or directory$"):
        Tokens.load(file)


def test_a_new_file_is_its_owners_alone(file):
    before = os.umask(0)
    try:
        add_token(file, ALICE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("before", ["# mine\n", "# mine\r\n", "# mine", entry() + "\n# the end\n"])
def test_what_is_there_stays(file, before):
    file.write_bytes(before.encode())
    file.chmod(0o640)
    token = add_token(file, Access("viewer", 'the "screens" \\ é', None))
    assert file.read_bytes().startswith(before.encode())
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert Tokens.load(file).authenticate(token) == Access("viewer", 'the "screens" \\ é', None)
    assert list(file.parent.iterdir()) == [file]


def test_a_link_stays_a_link(file, tmp_path):
    (tmp_path / "secret").mkdir()
    file.symlink_to(tmp_path / "secret" / "tokens.toml")
    token = add_token(file, ALICE)
    assert file.is_symlink()
    assert Tokens.load(tmp_path / "secret" / "tokens.toml").authenticate(token)


def test_what_is_no_file_is_not_replaced_by_one(file):
    """A device as the file: it would be gone for all."""
    os.mkfifo(file)
    with pytest.raises(ConfigError, match=r"tokens\.toml: is no file that can be replaced$"):
        add_token(file, ALICE)
    assert stat.S_ISFIFO(file.stat().st_mode)


@pytest.mark.parametrize("before", ["token = []\n", f"token = [{{{', '.join(entry().splitlines()[1:])}}}]\n"])
def test_nothing_is_added_where_it_would_break_the_file(file, before):
    """A list in brackets is a good file, but no table can stand behind it."""
    file.write_text(before)
    Tokens.load(file)
    with pytest.raises(ConfigError, match=r"tokens\.toml: token: must be tables \[\[token\]\] to which"):
        add_token(file, ALICE)
    assert file.read_text() == before


def test_a_crash_while_writing_leaves_the_file_as_it_was(file, monkeypatch):
    add_token(file, ALICE)
    before = file.read_bytes()

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(new_token.os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        add_token(file, ALICE)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_an_id_that_is_taken_is_not_taken_again(file, monkeypatch):
    letters = iter("a" * 8 + "a" * 8 + "b" * 8)
    monkeypatch.setattr(new_token.secrets, "choice", lambda _: next(letters))
    assert add_token(file, ALICE).startswith("obt_aaaaaaaa_")
    assert add_token(file, ALICE).startswith("obt_bbbbbbbb_")


def test_who_adds_at_the_same_time_waits(file):
    made = []
    threads = [threading.Thread(target=lambda: made.append(add_token(file, ALICE))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    tokens = Tokens.load(file)
    assert len(made) == len(tokens) == 8
    assert all(tokens.authenticate(token) for token in made)


def test_the_file_is_the_one_of_the_page(file):
    """Keys and their order are those of docs/server.md."""
    add_token(file, ALICE)
    (table,) = tomllib.loads(file.read_text())["token"]
    assert list(table) == ["id", "name", "role", "accounts", "sha256"]
    assert table["accounts"] == [7]
