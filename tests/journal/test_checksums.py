"""The checksums against the vectors of RFC 3720 and against hashlib."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbook_server.journal.checksums import blake2b_16, crc32c_of

from .plain_journal import crc32c

VECTORS = {  # RFC 3720, appendix B.4, and the check value of the CRC catalogues
    b"": 0,
    b"123456789": 0xE3069283,
    bytes(32): 0x8A9136AA,
    b"\xff" * 32: 0x62A8AB43,
    bytes(range(32)): 0x46DD794E,
    bytes(range(31, -1, -1)): 0x113FDB5C,
}


@pytest.mark.parametrize("data", VECTORS)
def test_known_crcs(data: bytes) -> None:
    assert crc32c_of(data) == crc32c(data) == VECTORS[data]


@given(st.binary(max_size=200))
def test_crcs_of_any_bytes(data: bytes) -> None:
    assert crc32c_of(data) == crc32c(data)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 127, 128, 129, 255, 256, 257, 1000, 1 << 20])
def test_hashes_of_every_kind_of_length(size: int) -> None:
    data = bytes(i * 7 & 255 for i in range(size))
    assert blake2b_16(data) == hashlib.blake2b(data, digest_size=16).digest()


@given(st.binary(max_size=600))
def test_hashes_of_any_bytes(data: bytes) -> None:
    assert blake2b_16(data) == hashlib.blake2b(data, digest_size=16).digest()
