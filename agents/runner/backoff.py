"""How long to wait before trying again."""

from random import Random

JITTER = 0.5  # a delay is between this part of its step and the whole, so that many clients do not come back as one


class Backoff:
    """Delays that double from one failure to the next, up to a cap, each varied by chance.

    first_s, cap_s: seconds, the longest that the first delay and any delay may be.
    """

    def __init__(self, first_s: float = 0.1, cap_s: float = 10.0, random: Random | None = None) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self._random = random or Random()
        self._step_s = first_s

    def next_delay_s(self) -> float:
        """Return the seconds to wait after one more failure."""
        step_s = min(self._step_s, self._cap_s)
        self._step_s = step_s * 2
        return step_s * self._random.uniform(JITTER, 1.0)

    def reset(self) -> None:
        """Begin with the first delay again: something worked."""
        self._step_s = self._first_s
