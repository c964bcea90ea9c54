from typing_extensions import disjoint_base

from orderbook_server.sequencer.sequencer import Sequencer

@disjoint_base
class Session:
    @property
    def sequencer(self) -> Sequencer: ...
    cancel_on_disconnect: bool
    def cancel_orders(self) -> int: ...
    def end(self) -> int: ...
