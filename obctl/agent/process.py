"""An agent as a process: its connection, signals, logs, metrics, and how it ends."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from agents.errors import ClientError, ServerBusy, ServerUnavailable
from agents.gateways.grpc.channel import BadTlsFile, Endpoint, TlsFiles, open_channel
from agents.gateways.grpc.client import GrpcOrderBookClient
from agents.gateways.grpc.gateway import LiveGateway
from agents.gateways.order_ids import OrderIds, first_order_id
from agents.runner.logs import LoggingObserver
from agents.runner.metrics import AgentCollector
from agents.runner.runner import Deposits, run_agent
from agents.strategies import MarketMaker, Strategy
from obctl import exit_codes
from obctl.agent.settings import AgentSettings, Given, name_of
from obctl.errors import Refused, Unreachable
from orderbook import AccountSnapshot, OrderBookError
from orderbook_server.config import ConfigError
from orderbook_server.gateways.http.metrics import MetricsGateway
from orderbook_server.metrics.registry import ProcessMetrics
from orderbook_server.server import reason_of

CALL_SECONDS = 3.0  # that an answer may take: less than an agent has to leave in

log = structlog.get_logger()


async def trade(strategy: Strategy, given: Given[AgentSettings]) -> None:
    """Run an agent until SIGTERM or SIGINT, or until it has nothing left to do.

    Raise ConfigError for settings that cannot be used, Refused for what the server refuses for good, Unreachable where
    the orders could not be taken back.
    """
    settings = given.settings
    observer = LoggingObserver(strategy, settings.account_id)
    start = first_order_id(settings.account_id) if settings.order_id_start is None else settings.order_id_start
    deposits = Deposits(settings.base_deposit, settings.quote_deposit)
    async with (
        stop_at_signals() as stop,
        metrics_of(AgentCollector(strategy, settings.account_id, observer), given),
        client_of(given) as client,
        figures_logged(observer),
    ):
        observer.log.info("agent starts", server=client.name, first_order_id=start)
        try:
            await run_agent(
                strategy,
                LiveGateway(client, settings.account_id, OrderIds(start)),
                stop=stop,
                deposits=deposits if any(deposits) else None,
                begin=beginning_of(strategy, deposits),
                observer=observer,
            )
        except (ServerUnavailable, ServerBusy) as error:
            raise Unreachable(str(error)) from error
        except (ClientError, OrderBookError, OverflowError) as error:
            raise Refused(str(error)) from error


def beginning_of(strategy: Strategy, deposits: Deposits) -> Callable[[AccountSnapshot], None] | None:
    """Return what a market maker does with the balance that it finds: what is not deposited, its last lives traded."""
    if not isinstance(strategy, MarketMaker) or not any(deposits):
        return None

    def begin(balance: AccountSnapshot) -> None:
        strategy.inventory = balance.available_base + balance.reserved_base - deposits.base
        strategy.cash = balance.available_quote + balance.reserved_quote - deposits.quote

    return begin


@asynccontextmanager
async def stop_at_signals() -> AsyncIterator[asyncio.Event]:
    """Return an event that SIGTERM and SIGINT set; a second SIGINT ends the process where it is."""
    stop = asyncio.Event()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set() and number == signal.SIGINT:
            log.warning("leaving at once", orders="may still rest")
            os._exit(exit_codes.INTERRUPTED)  # not even what the interpreter waits for in the end
        log.info("stopping", signal=number.name)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):  # the process is on its last steps
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)


@asynccontextmanager
async def metrics_of(collector: AgentCollector, given: Given[AgentSettings]) -> AsyncIterator[None]:
    """Serve metrics while the block lasts, if they are asked for; raise ConfigError where the port cannot be had."""
    host, port = given.settings.metrics_host, given.settings.metrics_port
    if port is None:
        yield
        return
    gateway = MetricsGateway(ProcessMetrics(collector))
    try:
        address = await gateway.start(host, port)
    except (OSError, UnicodeError) as error:
        name = name_of("metrics_port", given.names)
        raise ConfigError(name, problem=f"cannot listen on port {port} of {host}: {reason_of(error)}") from error
    log.info("metrics served", address=address)
    try:
        yield
    finally:
        await gateway.stop()


@asynccontextmanager
async def client_of(given: Given[AgentSettings]) -> AsyncIterator[GrpcOrderBookClient]:
    """Return a client that connects by itself, for as long as the block lasts."""
    settings = given.settings
    endpoint = Endpoint.parse(settings.grpc_endpoint)
    tls = TlsFiles(settings.tls_ca, settings.tls_cert, settings.tls_key)
    try:
        channel = open_channel(endpoint, tls)
    except BadTlsFile as error:
        raise ConfigError(name_of(f"tls_{error.field}", given.names), problem=str(error)) from error
    except OSError as error:
        raise ConfigError(error.filename, problem=f"cannot be read: {error.strerror}") from error
    async with GrpcOrderBookClient(
        channel, symbol=settings.symbol, token=settings.token, timeout_s=CALL_SECONDS, name=str(endpoint)
    ) as client:
        yield client


@asynccontextmanager
async def figures_logged(observer: LoggingObserver) -> AsyncIterator[None]:
    """Have the figures logged while the block lasts."""
    task = asyncio.create_task(observer.log_figures())
    try:
        yield
    finally:
        task.cancel()
