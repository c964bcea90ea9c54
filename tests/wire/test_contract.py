"""The gRPC interface is the one that clients were built for: names, numbers, types and labels are written out here."""

import re

import pytest
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto

from orderbook.enums import OrderType, RejectReason, RemoveReason, Side
from orderbook_wire.v1 import orderbook_pb2 as wire
from orderbook_wire.v1 import orderbook_pb2_grpc as service

ENUMS = """
Side: UNSPECIFIED 0, BID 1, ASK 2
OrderType: UNSPECIFIED 0, MARKET 1, LIMIT 2, IMMEDIATE_OR_CANCEL 3, FILL_OR_KILL 4, POST_ONLY 5
BookRemoveReason: UNSPECIFIED 0, FILLED 1, CANCELED 2
RejectionReason: UNSPECIFIED 0, DUPLICATE 1, CROSSED 2, INVALID_QUANTITY 3, MISSING_PRICE 4, INSUFFICIENT_LIQUIDITY 5
"""
# A field without a type is a uint64; in the oneof of its message, it has the oneof's name behind it.
MESSAGES = """
CommandStatus: bool ok = 1, string error_message = 2
NewOrderRequest: order_id = 1, Side side = 2, optional price = 3, quantity = 4, OrderType order_type = 5, account_id = 6
NewOrderResponse: CommandStatus status = 1, repeated Fill fills = 2, optional RestingOrder resting = 3, \
unfilled_quantity = 4
ModifyOrderRequest: order_id = 1, quantity = 2, account_id = 3, optional price = 16
ModifyOrderResponse: CommandStatus status = 1, repeated Fill fills = 16, optional RestingOrder resting = 17, \
unfilled_quantity = 18
CancelOrderRequest: order_id = 1, account_id = 2
CancelOrderResponse: CommandStatus status = 1, canceled_quantity = 2
SnapshotRequest:
SnapshotResponse: CommandStatus status = 1, repeated BookLevel bids = 2, repeated BookLevel asks = 3
BookLevel: Side side = 1, price = 2, total_quantity = 3, repeated BookOrder orders = 4
BookOrder: order_id = 1, Side side = 2, price = 3, quantity = 4
RestingOrder: order_id = 1, Side side = 2, price = 3, quantity = 4
BookAdded: order_id = 1, Side side = 2, price = 3, quantity = 4
BookUpdated: order_id = 1, Side side = 2, price = 3, quantity = 4
BookRemoved: order_id = 1, Side side = 2, price = 3, quantity = 4, BookRemoveReason reason = 5
Fill: maker_id = 1, price = 2, quantity = 3
BookEvent: BookAdded added = 1 kind, BookUpdated updated = 2 kind, BookRemoved removed = 3 kind
TradeEvent: taker_order_id = 1, maker_order_id = 2, Side taker_side = 3, OrderType order_type = 4, price = 5, \
quantity = 6
RejectionEvent: order_id = 1, Side side = 2, OrderType order_type = 3, optional price = 4, quantity = 5, \
RejectionReason reason = 6
EngineEvent: sequence = 1, BookEvent book = 2 payload, TradeEvent trade = 3 payload, \
RejectionEvent rejection = 4 payload, string symbol = 16, timestamp_ns = 17
StreamEventsRequest: optional from_sequence = 16
CreditAccountRequest: account_id = 1, base = 2, quote = 3
CreditAccountResponse: CommandStatus status = 1, AccountBalance balance = 2
GetBalanceRequest: account_id = 1
GetBalanceResponse: CommandStatus status = 1, AccountBalance balance = 2
AccountBalance: account_id = 1, available_base = 2, reserved_base = 3, available_quote = 4, reserved_quote = 5
"""
ADDED = """
NewOrderRequest: string symbol = 16
ModifyOrderRequest: string symbol = 17
CancelOrderRequest: string symbol = 16
SnapshotRequest: string symbol = 16
SnapshotResponse: sequence = 16
CreditAccountRequest: string symbol = 16
GetBalanceRequest: string symbol = 16
"""
UNARY = False, False  # whether the client streams, whether the server does
RPCS = {
    **dict.fromkeys(("NewOrder", "ModifyOrder", "CancelOrder", "Snapshot", "CreditAccount", "GetBalance"), UNARY),
    "StreamEvents": (False, True),
}
ADDED_RPCS = {
    **dict.fromkeys(("GetDepth", "ListOpenOrders", "CancelAll", "DebitAccount", "ListInstruments"), UNARY),
    "StreamAccountEvents": (False, True),
    "Trade": (True, True),
}
STREAMS = {"StreamEvents": "EngineEvent", "StreamAccountEvents": "AccountEvent"}  # what they stream, not XResponse
FIELD = re.compile(r"(?:(optional|repeated) )?(?:(\w+) )?(\w+) = (\d+)(?: (\w+))?")
FIRST_ADDED = 16


def read_table(text):
    """Return {name before the colon: list of what stands between the commas behind it}."""
    lines = (line.partition(":") for line in text.strip().splitlines())
    return {name: [part.strip() for part in rest.split(",") if part.strip()] for name, _, rest in lines}


def read_fields(text):
    """Return {message: {field: (number, label, type, oneof)}} of a table above."""

    def field(words):
        label, kind, name, number, oneof = FIELD.fullmatch(words).groups()
        return name, (int(number), label, kind or "uint64", oneof)

    return {message: dict(map(field, fields)) for message, fields in read_table(text).items()}


def described():
    """Return the description that the generated code carries."""
    file = FileDescriptorProto()
    wire.DESCRIPTOR.CopyToProto(file)
    return file


def type_name(field):
    """Return a field's type as a .proto file of the package would spell it."""
    return (
        field.type_name.removeprefix(".orderbook.v1.")
        or FieldDescriptorProto.Type.Name(field.type).removeprefix("TYPE_").lower()
    )


def described_fields():
    """Return what `read_fields` returns, of the generated code."""

    def signature(message, field):
        repeated = "repeated" if field.label == FieldDescriptorProto.LABEL_REPEATED else None
        in_oneof = field.HasField("oneof_index") and not field.proto3_optional
        oneof = message.oneof_decl[field.oneof_index].name if in_oneof else None
        return field.number, "optional" if field.proto3_optional else repeated, type_name(field), oneof

    return {
        message.name: {field.name: signature(message, field) for field in message.field}
        for message in described().message_type
    }


CONTRACT = read_fields(MESSAGES)
ADDITIONS = read_fields(ADDED)
FOUND = described_fields()


def test_the_package():
    assert described().package == "orderbook.v1"
    assert described().syntax == "proto3"


@pytest.mark.parametrize("name", read_table(ENUMS))
def test_an_enum_is_the_contracts(name):
    (found,) = (enum for enum in described().enum_type if enum.name == name)
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()
    expected = [f"{prefix}_{value}" for value in read_table(ENUMS)[name]]
    assert [f"{value.name} {value.number}" for value in found.value] == expected


@pytest.mark.parametrize("name", CONTRACT)
def test_a_message_is_the_contracts(name):
    """With what was added since, and nothing else."""
    assert FOUND[name] == CONTRACT[name] | ADDITIONS.get(name, {})


def test_additions_have_numbers_from_16_up():
    assert ADDITIONS.keys() <= CONTRACT.keys()
    numbers = [number for fields in ADDITIONS.values() for number, *_ in fields.values()]
    assert min(numbers) >= FIRST_ADDED


@pytest.mark.parametrize("name", sorted(FOUND.keys() - CONTRACT.keys()))
def test_a_later_message_numbers_from_1(name):
    assert sorted(number for number, *_ in FOUND[name].values()) == list(range(1, len(FOUND[name]) + 1))


@pytest.mark.parametrize("name", FOUND)
def test_integers_are_uint64(name):
    allowed = {"uint64", "string", "bool", "bytes", *FOUND, *(enum.name for enum in described().enum_type)}
    assert {kind for _, _, kind, _ in FOUND[name].values()} <= allowed


def test_the_rpcs_are_the_contracts_and_those_added():
    (found,) = described().service
    assert found.name == "OrderBookService"
    methods = {method.name: (method.client_streaming, method.server_streaming) for method in found.method}
    assert methods == RPCS | ADDED_RPCS
    for method in found.method:
        assert method.input_type == f".orderbook.v1.{method.name}Request"
        assert method.output_type == f".orderbook.v1.{STREAMS.get(method.name, f'{method.name}Response')}"


def test_stub_and_servicer_have_every_rpc():
    for name in RPCS | ADDED_RPCS:
        assert callable(getattr(service.OrderBookServiceServicer, name))
    assert callable(service.add_OrderBookServiceServicer_to_server)


@pytest.mark.parametrize("enum", [Side, OrderType])
def test_the_engines_values_are_the_wires(enum):
    values = dict(getattr(wire, enum.__name__).items())
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.__name__).upper()
    assert {f"{prefix}_{member.name}": member.value for member in enum} | {f"{prefix}_UNSPECIFIED": 0} == values


def test_the_engines_reasons_are_the_wires_but_for_self_trade():
    """Clients of the first version know no removal by self-trade prevention: they are told CANCELED."""
    rejections = {f"REJECTION_REASON_{reason.name}": reason.value for reason in RejectReason}
    assert dict(wire.RejectionReason.items()) == rejections | {"REJECTION_REASON_UNSPECIFIED": 0}
    removals = {f"BOOK_REMOVE_REASON_{reason.name}": reason.value for reason in RemoveReason}
    assert removals.items() - dict(wire.BookRemoveReason.items()).items() == {("BOOK_REMOVE_REASON_SELF_TRADE", 3)}


SAMPLES = {"bool": True, "string": "BTC-USD", "bytes": b"\0\xff", "uint64": 2**64 - 1}  # of an enum: 2


def filled(name, depth=3):
    """Return a message with something in every field; of a oneof, in the last one."""
    message = getattr(wire, name)()
    for field, (_, label, kind, _) in FOUND[name].items():
        if kind in FOUND:
            if not depth:
                continue
            value = filled(kind, depth - 1)
        else:
            value = SAMPLES.get(kind, 2)
        if label == "repeated":
            getattr(message, field).extend([value, value])
        elif kind in FOUND:
            getattr(message, field).CopyFrom(value)
            getattr(message, field).SetInParent()
        else:
            setattr(message, field, value)
    return message


@pytest.mark.parametrize("name", FOUND)
def test_a_message_comes_back_from_its_bytes(name):
    message = filled(name)
    data = message.SerializeToString()
    again = type(message).FromString(data)
    assert again == message
    assert again.SerializeToString() == data
    oneofs = {oneof for *_, oneof in FOUND[name].values() if oneof}
    assert len(again.ListFields()) == len([0 for *_, oneof in FOUND[name].values() if not oneof]) + len(oneofs)


def test_bytes_of_the_first_version():
    """Written by hand from the contract: a key is number << 3 | kind, kinds are 0 for numbers and 2 for lengths."""
    data = bytes([1 << 3, 7, 2 << 3, 1, 3 << 3, 0, 4 << 3, 5, 5 << 3, 2, 6 << 3, 0xAC, 0x02])
    request = wire.NewOrderRequest(
        order_id=7, side=wire.SIDE_BID, price=0, quantity=5, order_type=wire.ORDER_TYPE_LIMIT, account_id=300
    )
    assert request.SerializeToString() == data
    assert wire.NewOrderRequest.FromString(data) == request
    assert wire.EngineEvent(sequence=1, symbol="X").SerializeToString() == bytes([8, 1, 0x82, 0x01, 1, ord("X")])


def test_absent_and_zero_differ():
    for message, field in (
        (wire.NewOrderRequest, "price"),
        (wire.ModifyOrderRequest, "price"),
        (wire.RejectionEvent, "price"),
        (wire.StreamEventsRequest, "from_sequence"),
        (wire.StreamAccountEventsRequest, "from_sequence"),
    ):
        assert not message.FromString(message().SerializeToString()).HasField(field)
        assert message.FromString(message(**{field: 0}).SerializeToString()).HasField(field)


def test_an_older_client_reads_past_what_was_added():
    """Unknown fields are skipped: here those of another message stand for those of a later version."""
    event = wire.EngineEvent(sequence=9, symbol="BTC-USD", timestamp_ns=2**63)
    assert wire.CancelOrderRequest.FromString(event.SerializeToString()).order_id == 9
