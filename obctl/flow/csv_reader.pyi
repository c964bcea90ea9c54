from decimal import Decimal
from typing import final

from obctl.flow.source import Source
from obctl.flow.text_reader import TextReader

@final
class CsvReader(TextReader):
    @property
    def header(self) -> list[str]: ...
    def __init__(
        self,
        source: Source,
        *,
        tick_size: str | int | Decimal | None = None,
        lot_size: str | int | Decimal | None = None,
        time_unit: str = "auto",
        symbol: str | None = None,
        after: CsvReader | None = None,
        block_size: int = ...,
    ) -> None: ...
