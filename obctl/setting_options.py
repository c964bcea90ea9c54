"""Options whose values are understood by who reads settings, and help that lists them by group."""

import click
from click.shell_completion import CompletionItem

from orderbook_server.config.kinds import File, Folder, Kind


class SettingType(click.ParamType):  # type: ignore[type-arg]
    """The text of a setting, to be understood by who reads settings: environment and file know the same words."""

    name = "text"

    def __init__(self, kind: Kind) -> None:
        self.kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Complete words, and let the shell complete names of files and folders."""
        if isinstance(self.kind, File):
            return [CompletionItem(incomplete, type="dir" if isinstance(self.kind, Folder) else "file")]
        return [CompletionItem(word) for word in self.kind.words if word.startswith(incomplete)]


class GroupedCommand(click.Command):
    """A command whose help lists the options by group."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section per group, in the order in which they come."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)):
                groups.setdefault(getattr(parameter, "group", "Options"), []).append(record)
        for group, records in groups.items():
            with formatter.section(group):
                formatter.write_dl(records)
