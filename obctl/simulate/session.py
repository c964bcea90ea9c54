"""A simulation from its configuration to its files. Files appear when all went well, or not at all."""

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from agents.simulation import Config, ConfigError, Result, Simulation, parse_config
from obctl.errors import BadConfiguration, BadInput
from obctl.libraries import need
from obctl.outputs import OutputFile
from obctl.progress import Progress
from obctl.simulate import plot
from obctl.simulate.tables import TABLES, table_paths, write_table


def read_config(name: str, seed: int | None, duration_ns: int | None) -> Config:
    """Return the configuration of a file, `-` for standard input, with what the command line says in its place.

    Raise BadInput where it cannot be read, BadConfiguration where it is wrong.
    """
    try:
        text = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        config = parse_config(text, "standard input" if name == "-" else name)
    except OSError as error:
        raise BadInput(f"cannot read {name}: {error.strerror}") from error
    except ConfigError as error:
        raise BadConfiguration(str(error)) from error
    if seed is not None:
        config = replace(config, seed=seed)
    return config if duration_ns is None else replace(config, duration_ns=duration_ns)


def check_libraries(parquet: Path | None, plot_path: Path | None) -> None:
    """Raise before any work starts if a library is missing."""
    if parquet is not None:
        need("--parquet", "pyarrow", extra="data")
    if plot_path is not None:
        need("--plot", "matplotlib" if plot_path.suffix.lower() == ".png" else "plotly", "numpy", extra="data")


def simulate(config: Config, parquet: Path | None, plot_path: Path | None) -> Result:
    """Run a simulation and write its files. Raise BadInput where one cannot be written; then none appears."""
    check_libraries(parquet, plot_path)
    try:
        simulation = Simulation(config, keep_trades=parquet is not None)
    except ValueError as error:
        raise BadConfiguration(str(error)) from error
    try:
        with ExitStack() as stack:
            tables = table_paths(parquet) if parquet is not None else {}
            outputs = {name: stack.enter_context(OutputFile(path)) for name, path in tables.items()}
            picture = stack.enter_context(OutputFile(plot_path)) if plot_path is not None else None
            result = run(simulation, config)
            for name, output in outputs.items():
                write_table(output, TABLES[name](result))
            if picture is not None and plot_path is not None:
                title = f"{config.instrument.symbol}: {result.market.actions:,} actions, seed {config.seed}"
                plot.draw(picture, plot_path.suffix.lower(), title, result)
                outputs["plot"] = picture
            for output in outputs.values():
                output.file.close()  # here a full disk may show
            for output in outputs.values():
                output.publish()
            return result
    except OSError as error:
        raise BadInput(f"cannot write {error.filename or 'the results'}: {error.strerror or error}") from error


def run(simulation: Simulation, config: Config) -> Result:
    """Run it, with a bar on a terminal."""
    with Progress("actions") as bar:
        return simulation.run(
            lambda time_ns, actions: bar.update(config.instrument.symbol, actions, time_ns, config.duration_ns)
        )
