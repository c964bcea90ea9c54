"""ConfigError: what keeps the server from starting."""


class ConfigError(Exception):
    """Something that the operator must put right. It reads as one line, `where: problem`.

    where: from the outside in, such as a file, an entry of it, a key; problem: what is wrong, and what would be right.
    """

    def __init__(self, *where: object, problem: str) -> None:
        super().__init__(": ".join([*map(str, where), problem]).replace("\n", " "))
