from typing import Any, final

MIXES: dict[str, dict[str, Any]]

@final
class Generator:
    @property
    def total(self) -> int: ...
    @property
    def counts_orders(self) -> bool: ...
    @property
    def commands(self) -> int: ...
    @property
    def orders(self) -> int: ...
    @property
    def done(self) -> int: ...
    def __init__(
        self,
        mix: str,
        *,
        commands: int | None = None,
        orders: int | None = None,
        seed: int = 1,
        volatility: float = 0.1,
    ) -> None: ...
    def read(self, max_commands: int = ...) -> bytearray: ...

def commands(mix: str, count: int, seed: int = 1, volatility: float = 0.1) -> bytearray: ...
