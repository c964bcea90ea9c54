"""What the tests of the flow readers share: writing a file, reading it to the end, and the flags by name."""

from obctl.flow import FlowRow, RowError, RowReader, open_rows

ADD, CANCEL, MODIFY, EXECUTE, EXECUTE_HIDDEN, CROSS, HALT = range(1, 8)
PRICE, QUANTITY, ORDER_ID, SIDE = 1, 2, 4, 8
BLOCK_SIZES = (1, 2, 3, 7, 64, 1 << 20)


def rest_of(reader: RowReader, max_rows: int = 1000) -> tuple[list[FlowRow], list[str]]:
    """Read to the end, stepping over bad rows. Return the rows and the messages of the bad ones."""
    rows: list[FlowRow] = []
    messages: list[str] = []
    while True:
        try:
            count = reader.read(max_rows)
        except RowError as error:
            messages.append(str(error))
            continue
        if count == 0:
            return rows, messages
        rows += reader.rows_as_tuples()


def read_all(path, **options) -> tuple[list[FlowRow], list[str]]:
    """Open a file and read it to the end, stepping over bad rows."""
    max_rows = options.pop("max_rows", 1000)
    with open_rows(path, **options) as reader:
        return rest_of(reader, max_rows)


def read_text(folder, text: str | bytes, **options) -> tuple[list[FlowRow], list[str]]:
    """Write `text` to flow.csv and read it to the end; messages come without the folder's name."""
    path = folder / "flow.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    rows, messages = read_all(path, **options)
    return rows, [message.replace(f"{folder}/", "") for message in messages]
