"""Compressed files, told apart by their first bytes when read and by their name when written."""

import gzip
import lzma
import sys
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


class Compression(NamedTuple):
    """One kind of compression: the name's ending, the first bytes, and how to wrap a binary file for each direction."""

    ending: str
    magic: bytes
    reader: Callable[[Any], Any]
    writer: Callable[[Any], Any]


def gzip_writer(raw: Any) -> gzip.GzipFile:
    """Return a gzip compressor that writes neither name nor time, so that the same data gives the same file."""
    return gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0)


COMPRESSIONS = (
    Compression(".gz", b"\x1f\x8b", lambda raw: gzip.GzipFile(fileobj=raw, mode="rb"), gzip_writer),
    Compression(".xz", b"\xfd7zXZ\x00", lzma.LZMAFile, partial(lzma.LZMAFile, mode="wb", preset=1)),
    Compression(".zst", b"\x28\xb5\x2f\xfd", zstd.ZstdFile, partial(zstd.ZstdFile, mode="wb")),
)
MAGIC_MAX = max(len(kind.magic) for kind in COMPRESSIONS)
CORRUPT = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zstd.ZstdError)  # what the readers raise


def by_magic(head: bytes) -> Compression | None:
    """Return the compression whose magic bytes `head` begins with, or None."""
    return next((kind for kind in COMPRESSIONS if head.startswith(kind.magic)), None)


def by_name(name: str) -> Compression | None:
    """Return the compression that the name's ending stands for, or None."""
    return next((kind for kind in COMPRESSIONS if name.lower().endswith(kind.ending)), None)


def bare_name(name: str) -> str:
    """Return the name without the ending of a compression."""
    kind = by_name(name)
    return name[: -len(kind.ending)] if kind else name
