from orderbook_server.journal.instruments import Instruments
from orderbook_server.sequencer.sequencer import Sequencer

def reconfigured(old: Sequencer, instruments: Instruments) -> Sequencer: ...
