"""Where the demo's exchange listens: where it was told to, else at the usual ports, else at free ones."""

import errno
from collections.abc import Mapping

from orderbook_server.config import ConfigError, Settings, read_settings
from orderbook_server.config.settings import LISTENERS
from orderbook_server.server import Server


async def open_server(named: Mapping[str, str]) -> tuple[Server, list[str]]:
    """Start an exchange; return it, and a line for each usual port that was taken.

    named: {listener: address} as the user wrote them; what is named is not replaced. Raise ConfigError.
    """
    addresses = dict(named)
    taken: dict[str, str] = {}
    while True:
        server = Server(settings_for(addresses))
        try:
            await server.start()
        except ConfigError as error:
            listener = failed_listener(server)
            if listener in addresses or not is_in_use(error):
                raise
            usual = getattr(server.settings, listener)
            taken[listener] = str(usual)
            addresses[listener] = str(usual._replace(port=0))
        else:
            return server, [f"{usual} is taken: {name} is at {server.addresses[name]}" for name, usual in taken.items()]


def settings_for(addresses: Mapping[str, str]) -> Settings:
    """Return the settings of a server at these addresses; raise ConfigError for one that strangers could reach."""
    settings = read_settings({**addresses, "insecure": True, "in_memory": True})
    for name in LISTENERS:
        if (address := getattr(settings, name)) and not address.is_loopback():
            raise ConfigError(name, problem=f"{address} is not on loopback, and the demo asks nobody for a token")
    return settings


def failed_listener(server: Server) -> str:
    """Return which listener of a server that did not start kept it from that: they open one after the other."""
    wanted = (name for name in LISTENERS if getattr(server.settings, name) is not None)
    return next(name for name in wanted if name not in server.addresses)


def is_in_use(error: ConfigError) -> bool:
    """Tell whether somebody else has the address."""
    return isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE


def hints(addresses: Mapping[str, str]) -> tuple[str, ...]:
    """Return what can be typed, or opened in a browser, to look at a server that listens there."""
    tried = [f"obctl book --endpoint {addresses['grpc']}"]
    if tcp := addresses.get("tcp"):
        host, _, port = tcp.rpartition(":")
        tried.insert(0, f"nc {host.strip('[]')} {port}")
    if http := addresses.get("http"):
        tried.insert(0, f"http://{http}/")
    if metrics := addresses.get("metrics"):
        tried.append(f"http://{metrics}/metrics")
    return tuple(tried)
