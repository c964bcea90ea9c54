"""`obctl serve`: options and help. The settings are those of orderbook_server.config, the work is done beside it."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import Field
from pathlib import Path
from typing import Any, NoReturn

import click

from obctl import exit_codes
from obctl.errors import BadConfiguration, Damaged, StorageFailed
from obctl.libraries import need
from obctl.progress import Progress
from obctl.setting_options import GroupedCommand, SettingType
from orderbook_server.config import (
    ENVIRONMENT_PREFIX,
    ConfigError,
    Setting,
    Settings,
    as_plain,
    as_toml,
    read_settings,
    settings_by_key,
)
from orderbook_server.config.kinds import Flag, Folder
from orderbook_server.config.markets import Markets
from orderbook_server.journal.errors import JournalDamaged, StorageError

LIBRARIES = (
    *("uvloop", "fastapi", "uvicorn", "websockets", "structlog", "prometheus_client"),
    *("grpc", "grpc_health", "grpc_reflection"),
)


class SettingOption(click.Option):
    """An option made from a setting, which help lists under the setting's group."""

    def __init__(self, key: str, field: Field[Any], setting: Setting) -> None:
        self.group = setting.group
        name = key.replace("_", "-")
        flag = isinstance(setting.kind, Flag)
        super().__init__(
            [f"--{name}/--no-{name}" if flag else f"--{name}", key],
            type=None if flag else SettingType(setting.kind),
            default=None,
            metavar=setting.kind.metavar or None,
            multiple=isinstance(setting.kind, Markets),
            help=setting.help + default_note(field, setting),
        )


class ServeCommand(GroupedCommand):
    """A command that takes `--sync interval 50` for `--sync "interval 50"`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Make one word of the two of `interval MS`, then parse."""
        words: list[str] = []
        for word in args:
            if words[-2:] == ["--sync", "interval"] and not word.startswith("-"):
                words[-1] += f" {word}"
            else:
                words.append(word)
        return super().parse_args(ctx, words)


def default_note(field: Field[Any], setting: Setting) -> str:
    """Return what help says of a default; a relative path stays one."""
    plain = str(field.default) if isinstance(setting.kind, Folder) else setting.kind.to_toml(field.default)
    if plain is None or isinstance(plain, bool):
        return ""
    if isinstance(plain, list):
        plain = plain[0]["symbol"]
    return f"  [default: {plain}{' ' if setting.unit else ''}{setting.unit}]"


def setting_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command an option for each setting."""
    options = [SettingOption(key, field, setting) for key, (field, setting) in settings_by_key().items()]
    function.__click_params__ = [*reversed(options), *getattr(function, "__click_params__", [])]  # type: ignore[attr-defined]
    return function


@click.command(cls=ServeCommand)
@setting_options
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    envvar=f"{ENVIRONMENT_PREFIX}CONFIG",
    help="A TOML file with settings; see docs/server.md.",
)
@click.option("--check", is_flag=True, help="Print the settings in effect as a TOML file, and leave.")
@click.option("--json", "as_json", is_flag=True, help="With --check: print them as one JSON object.")
def serve(config: Path | None, check: bool, as_json: bool, **options: str | bool | tuple[str, ...] | None) -> None:
    """Be an exchange on the network: a page, REST, TCP lines, gRPC, and figures for Prometheus.

    Every setting is an option, or an environment variable, as OBCTL_SERVE_LOG_LEVEL is for --log-level, or a key of the
    TOML file, such as log_level; the first of these that has it counts. Addresses are HOST:PORT, [::1]:PORT, or none;
    port 0 takes a free one, which is in the log.

    The exchange is kept in a data directory: nothing that was answered is lost, and the next start goes on from there
    (docs/journal.md). --sync interval MS and --sync never trade some of that for speed; --in-memory keeps nothing.

    The page is at http://127.0.0.1:8080 (docs/web.md). Where another program has that usual address, the server goes on
    without the page, and the log says so.

    Without tokens everybody who can connect may do everything, and so the addresses must be on loopback, unless
    --insecure is given. SIGTERM and Ctrl-C end the server within 5 seconds: what was accepted is answered.

    \b
    Examples:
      obctl serve
      obctl serve --instrument BTC-USD --instrument ETH-USD
      obctl serve --data-dir /var/lib/exchange --sync interval 50
      obctl serve --in-memory --tcp 127.0.0.1:0 --grpc none --http none
      obctl serve --tokens tokens.toml --tls-cert cert.pem --tls-key key.pem
      obctl serve --config exchange.toml --check
      OBCTL_SERVE_CONNECTIONS_MAX=100 obctl serve --check --json
    """
    if as_json and not check:
        raise click.UsageError("--json goes with --check.")
    given = {
        key: " ".join(value) if isinstance(value, tuple) else value
        for key, value in options.items()
        if value is not None and value != ()
    }
    try:
        settings = read_settings(given, os.environ, config)
        if check:
            print_settings(settings, as_json)
        else:
            run(settings)
    except ConfigError as error:
        raise BadConfiguration(str(error)) from error
    except JournalDamaged as error:
        raise Damaged(f"{error}; `obctl journal repair {settings.data_dir}` explains, and can cut") from error
    except StorageError as error:
        raise StorageFailed(str(error)) from error


def print_settings(settings: Settings, as_json: bool) -> None:
    """Print the settings, if the files that they name are good."""
    from orderbook_server.security import load_security

    load_security(settings)
    click.echo(json.dumps(as_plain(settings), indent=2) if as_json else as_toml(settings), nl=as_json)


def run(settings: Settings) -> None:
    """Run the server until it is told to stop; raise JournalDamaged, StorageError."""
    need("the server", *LIBRARIES, extra="server")
    import uvloop

    from orderbook_server.logs import configure_logs
    from orderbook_server.server import serve

    configure_logs(settings.log_level, settings.log_format)
    with recovery_bar() as progress:
        uvloop.run(serve(settings, progress=progress, on_failure=end_at_once))


@contextmanager
def recovery_bar() -> Iterator[Callable[[int, int], None]]:
    """Give what shows how many bytes of how many were recovered, from the first news until that is done, or fails."""
    with ExitStack() as shown:
        bar: Progress | None = None

        def show(done: int, total: int) -> None:
            nonlocal bar
            if done >= total:
                shown.close()
            else:
                bar = bar or shown.enter_context(Progress("bytes of the journal"))
                bar.update("Recovering", done, done, total)

        yield show


def end_at_once(error: OSError) -> NoReturn:
    """End the process where it is: what the disk holds is unknown, and nothing may leave any more."""
    os._exit(exit_codes.STORAGE)
