"""The server, by the measurements of `obctl bench server`: each beside something bare that runs in turn with it."""

from obctl.bench.server import measure
from obctl.bench.turns import Figures

SECONDS = 10.0


class Protocol:
    """The cycle of lines into a LineSession, without a socket; and the engine alone."""

    timeout = 120

    def setup_cache(self) -> Figures:
        """Measure once for all."""
        return measure("protocol", SECONDS)

    def track_commands_per_second(self, figures: Figures) -> float | None:
        """Return lines parsed, carried out and answered."""
        return figures["commands_per_second"]

    def track_cpu_ns_per_command(self, figures: Figures) -> float | None:
        """Return what one of them costs."""
        return figures["cpu_ns_per_command"]

    def track_ratio_to_engine(self, figures: Figures) -> float | None:
        """Return the part of the engine's own speed that is left."""
        return figures["ratio_to_engine"]

    track_commands_per_second.unit = "commands/s"
    track_cpu_ns_per_command.unit = "ns"
    track_ratio_to_engine.unit = "ratio"


class Socket:
    """One TCP connection with up to 1,024 commands under way; and two echoes."""

    timeout = 120

    def setup_cache(self) -> Figures:
        """Measure once for all."""
        return measure("socket", SECONDS)

    def track_commands_per_second(self, figures: Figures) -> float | None:
        """Return commands answered."""
        return figures["commands_per_second"]

    def track_server_cpu_us_per_command(self, figures: Figures) -> float | None:
        """Return what one of them costs the server, the kernel's work included."""
        return figures["server_cpu_us_per_command"]

    def track_ratio_to_echo(self, figures: Figures) -> float | None:
        """Return the part of the speed of an echo that does not look."""
        return figures["ratio_to_echo"]

    def track_ratio_to_fields_echo(self, figures: Figures) -> float | None:
        """Return how many times as fast as an echo that reads the fields in Python."""
        return figures["ratio_to_fields_echo"]

    track_commands_per_second.unit = "commands/s"
    track_server_cpu_us_per_command.unit = "us"
    track_ratio_to_echo.unit = track_ratio_to_fields_echo.unit = "ratio"


class PingPong:
    """One TCP connection, one command at a time; and an echo."""

    timeout = 120
    params = ("50", "99", "99.9")
    param_names = ("percentile",)

    def setup_cache(self) -> Figures:
        """Measure once for all."""
        return measure("ping-pong", SECONDS)

    def track_round_trip_us(self, figures: Figures, percentile: str) -> float | None:
        """Return the time from the line's leaving to its answer's coming."""
        return figures[f"round_trip_us_p{percentile}"]

    def track_ratio_to_echo(self, figures: Figures, percentile: str) -> float | None:
        """Return the same time of the echo by ours."""
        return figures[f"echo_us_p{percentile}"] / figures[f"round_trip_us_p{percentile}"]

    track_round_trip_us.unit = "us"
    track_ratio_to_echo.unit = "ratio"


class GrpcUnary:
    """NewOrder calls, some under way at once; and an echo by grpc.aio."""

    timeout = 120
    params = (1, 64)
    param_names = ("in_flight",)

    def setup_cache(self) -> Figures:
        """Measure once for all."""
        return measure("grpc-unary", SECONDS)

    def track_orders_per_second(self, figures: Figures, in_flight: int) -> float | None:
        """Return orders answered."""
        return figures[f"orders_per_second_{in_flight}"]

    def track_server_cpu_us_per_order(self, figures: Figures, in_flight: int) -> float | None:
        """Return what one of them costs the server."""
        return figures[f"server_cpu_us_per_order_{in_flight}"]

    def track_ratio_to_echo(self, figures: Figures, in_flight: int) -> float | None:
        """Return the part of the echo's speed."""
        return figures[f"ratio_to_echo_{in_flight}"]

    track_orders_per_second.unit = "orders/s"
    track_server_cpu_us_per_order.unit = "us"
    track_ratio_to_echo.unit = "ratio"


class GrpcTrade:
    """One Trade stream, batches of 1,000 commands, four under way; and an echo by grpc.aio."""

    timeout = 120
    params = ("records", "messages")
    param_names = ("form",)

    def setup_cache(self) -> Figures:
        """Measure once for all."""
        return measure("grpc-trade", SECONDS)

    def track_commands_per_second(self, figures: Figures, form: str) -> float | None:
        """Return commands answered."""
        return figures[f"commands_per_second_{form}"]

    def track_server_cpu_us_per_command(self, figures: Figures, form: str) -> float | None:
        """Return what one of them costs the server."""
        return figures[f"server_cpu_us_per_command_{form}"]

    def track_ratio_to_echo(self, figures: Figures, form: str) -> float | None:
        """Return the part of the echo's speed."""
        return figures[f"ratio_to_echo_{form}"]

    track_commands_per_second.unit = "commands/s"
    track_server_cpu_us_per_command.unit = "us"
    track_ratio_to_echo.unit = "ratio"


class Feed:
    """100 TCP subscribers at 10,000 events a second; and the same events without them."""

    timeout = 120

    def setup_cache(self) -> Figures:
        """Measure once for all."""
        return measure("feed", SECONDS)

    def track_events_per_second(self, figures: Figures) -> float | None:
        """Return events that all subscribers had: 10,000, unless the server fell behind."""
        return figures["events_per_second"]

    def track_lost_events(self, figures: Figures) -> float | None:
        """Return events that a subscriber did not get, or not as it should: none."""
        return figures["lost_events"]

    def track_server_cpu_us_per_event_and_subscriber(self, figures: Figures) -> float | None:
        """Return what an event costs the server for each who reads it."""
        return figures["server_cpu_us_per_event_and_subscriber"]

    track_events_per_second.unit = "events/s"
    track_lost_events.unit = "events"
    track_server_cpu_us_per_event_and_subscriber.unit = "us"


class GrpcFeed:
    """Four StreamEvents subscribers that catch up; and an echo by grpc.aio."""

    timeout = 120

    def setup_cache(self) -> Figures:
        """Measure once for all."""
        return measure("grpc-feed", SECONDS)

    def track_deliveries_per_second(self, figures: Figures) -> float | None:
        """Return events by subscribers."""
        return figures["deliveries_per_second"]

    def track_lost_events(self, figures: Figures) -> float | None:
        """Return events that a subscriber did not get, or not in their order: none."""
        return figures["lost_events"]

    def track_server_cpu_us_per_delivery(self, figures: Figures) -> float | None:
        """Return what one of them costs the server."""
        return figures["server_cpu_us_per_delivery"]

    def track_ratio_to_echo(self, figures: Figures) -> float | None:
        """Return the part of the echo's speed."""
        return figures["ratio_to_echo"]

    track_deliveries_per_second.unit = "events/s"
    track_lost_events.unit = "events"
    track_server_cpu_us_per_delivery.unit = "us"
    track_ratio_to_echo.unit = "ratio"
