from typing_extensions import Buffer

HEADER: bytes

def to_csv(records: Buffer) -> bytes: ...
