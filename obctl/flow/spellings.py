"""How people spell the columns and words of order flow in CSV. Everything here is compared without regard to case."""

from orderbook.enums import OrderType, Side

# Meaning: its columns. Where a file has two columns for one meaning, the one named first here is taken.
COLUMNS = {
    "time": ("timestamp", "ts", "ts_ns", "ts_event", "time"),
    "kind": ("action", "event_type", "event", "type"),
    "order id": ("order_id", "id", "orderid"),
    "side": ("side",),
    "price": ("price",),
    "quantity": ("quantity", "qty", "size", "volume", "shares", "amount"),
    "order type": ("order_type", "type"),  # `type` only where it is not the kind
    "account": ("account", "account_id", "trader_id", "user"),
    "symbol": ("symbol",),
}
REQUIRED = ("side", "price", "quantity")

SIDES = {
    **dict.fromkeys(("B", "BUY", "BID", "1"), Side.BID),
    **dict.fromkeys(("S", "A", "SELL", "ASK", "-1"), Side.ASK),
}

ORDER_TYPES = {
    **dict.fromkeys(("LIMIT", "LMT"), OrderType.LIMIT),
    **dict.fromkeys(("MARKET", "MKT"), OrderType.MARKET),
    **dict.fromkeys(("IOC", "IMMEDIATE_OR_CANCEL"), OrderType.IOC),
    **dict.fromkeys(("FOK", "FILL_OR_KILL"), OrderType.FOK),
    **dict.fromkeys(("POST_ONLY", "POSTONLY"), OrderType.POST_ONLY),
}

# The kinds by the action of rows.pxd that they are. An order type's name is a new order of that type.
ACTIONS = {
    "ADD": ("ADD", "NEW", "N", "A", "L", "ORDER"),
    "CANCEL": ("CANCEL", "C", "D", "DELETE", "REMOVE"),
    "MODIFY": ("MODIFY", "M", "REPLACE", "U"),
    "EXECUTE": ("EXECUTE", "EXEC", "E", "TRADE", "FILL", "T", "F"),
}


def resolve_columns(header: list[str]) -> dict[str, int]:
    """Return where each meaning stands in the header, from 0. Raise ValueError when one that is needed is missing."""
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        places.setdefault(name.strip().lower(), place)
    columns: dict[str, int] = {}
    for meaning, names in COLUMNS.items():
        found = next((places[name] for name in names if name in places), None)
        if found is not None and found not in columns.values():
            columns[meaning] = found
    for meaning in REQUIRED:
        if meaning not in columns:
            raise ValueError(
                f"the header has no column for the {meaning} ({', '.join(COLUMNS[meaning])}); "
                f"its columns are {', '.join(header)}"
            )
    return columns


def known_columns(header: list[str]) -> int:
    """Return how many of the header's names are known."""
    known = {name for names in COLUMNS.values() for name in names}
    return sum(name.strip().lower() in known for name in header)
