"""Charts made of characters: dots of braille, eight to a cell, and columns in eighths of a cell."""

from obctl.watch.widgets.panel import Line

DOTS_ACROSS, DOTS_DOWN = 2, 4  # of a cell
BRAILLE = 0x2800
BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # of a dot, by column and row
EIGHTHS = " ▁▂▃▄▅▆▇█"


class Canvas:
    """Cells in rows, each of a character and a style. What is drawn last in a cell gives it its style.

    Dots count from the upper left corner: `width` × 2 across, `height` × 4 down.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._cells = [[" "] * width for _ in range(height)]
        self._styles = [[""] * width for _ in range(height)]

    def dot(self, across: int, down: int, style: str) -> None:
        """Set a dot; one outside is none."""
        x, y = across // DOTS_ACROSS, down // DOTS_DOWN
        if 0 <= x < self.width and 0 <= y < self.height:
            bit = BITS[across % DOTS_ACROSS][down % DOTS_DOWN]
            before = ord(self._cells[y][x]) - BRAILLE
            self._cells[y][x] = chr(BRAILLE + (before | bit if before > 0 else bit))
            self._styles[y][x] = style

    def upright(self, across: int, first: int, last: int, style: str) -> None:
        """Set the dots between two of a column, both included, whichever is above."""
        for down in range(min(first, last), max(first, last) + 1):
            self.dot(across, down, style)

    def column(self, x: int, eighths: int, style: str) -> None:
        """Fill a column of cells from below, so many eighths of a cell high."""
        for y in range(self.height - 1, -1, -1):
            if eighths <= 0:
                return
            self._cells[y][x] = EIGHTHS[min(8, eighths)]
            self._styles[y][x] = style
            eighths -= 8

    def write(self, x: int, y: int, text: str, style: str) -> None:
        """Write over the cells; what has no room is left out."""
        for place, letter in enumerate(text, start=x):
            if 0 <= place < self.width and 0 <= y < self.height:
                self._cells[y][place] = letter
                self._styles[y][place] = style

    def lines(self) -> list[Line]:
        """Return the rows from top to bottom."""
        return [self._line(cells, styles) for cells, styles in zip(self._cells, self._styles, strict=True)]

    @staticmethod
    def _line(cells: list[str], styles: list[str]) -> Line:
        """Return a row, neighbours of one style taken together."""
        runs: list[tuple[str, str]] = []
        begin = 0
        for end in range(1, len(cells) + 1):
            if end == len(cells) or styles[end] != styles[begin]:
                runs.append(("".join(cells[begin:end]), styles[begin]))
                begin = end
        return tuple(runs)
