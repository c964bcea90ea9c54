"""Options that name a file to write."""

from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem


class FileEnding(click.ParamType):  # type: ignore[type-arg]
    """A file to write, whose ending says in which format."""

    name = "file"

    def __init__(self, *endings: str) -> None:
        self.endings = endings

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path, or refuse its ending or its folder."""
        path = Path(value)
        if path.suffix.lower() not in self.endings:
            self.fail(f"{value!r} does not end in {', '.join(self.endings)}.", param, ctx)
        if not path.parent.is_dir():
            self.fail(f"there is no folder {str(path.parent)!r}.", param, ctx)
        return path

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete names of files."""
        return [CompletionItem(incomplete, type="file")]
