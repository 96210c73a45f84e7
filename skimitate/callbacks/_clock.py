"""The time that a task of many parts takes, and what is left of it."""

import time

# Parts that follow within this part of the longest wait were waited for together.
_TOGETHER = 0.02

# How long the other waits must be, as a part of the longest: the workers that start
# together are not done at the same moment.
_ENOUGH = 0.25


class Clock:
    """Starts with a task, and foretells its end from the parts that are done.

    The longest wait for a part counts for nothing: worker processes may have started in
    it, or a library been imported, which takes seconds and happens once. Until the
    other parts have taken a quarter as long there is nothing to foretell from.
    """

    def __init__(self) -> None:
        self._began = self._last = self._now = time.perf_counter()
        self._n_done = 0
        self._n_waits = 0
        self._n_before = 0  # parts before the last wait
        self._longest = 0.0
        self._n_in_longest = 0
        self._in_longest = False

    @property
    def seconds(self) -> float:
        """What has passed when the clock was last looked at."""
        return self._now - self._began

    def look(self, done: float) -> None:
        """Note the time.

        Parameters
        ----------
        done : float
            Parts that are done. A fraction is a part that is under way, whose own
            parts may take any time: it tells nothing.
        """
        self._now = time.perf_counter()
        n_new = int(done + 1e-9) - self._n_done
        if n_new <= 0:
            return
        wait = self._now - self._last
        if wait >= _TOGETHER * self._longest:
            self._last, self._n_before = self._now, self._n_done
            self._n_waits += 1
            self._in_longest = wait > self._longest
        if wait > self._longest:
            self._longest, self._n_in_longest = wait, 0
        if self._in_longest:
            self._n_in_longest += n_new
        self._n_done += n_new

    def left(self, n_parts: int) -> float | None:
        """Return the seconds that the other parts will take; None if nobody knows.

        Parameters
        ----------
        n_parts : int
            How many there are in all.

        Returns
        -------
        float or None
        """
        if self._n_done == n_parts:
            return 0.0
        typical = self._last - self._began - self._longest
        if typical <= _ENOUGH * self._longest:
            return None
        n_due = self._n_done + self._n_missing()
        each = typical / (n_due - self._n_in_longest)
        after_the_next = each * max(0.0, n_parts - n_due - 1)
        return after_the_next + max(0.0, each - (self._now - self._last))

    def _n_missing(self) -> float:
        """Return how many parts are still to come from the last wait.

        There will be as many as from the others: several workers are done together.
        """
        if self._in_longest:
            return 0.0
        n_usual = self._n_before / (self._n_waits - 1)
        return max(0.0, n_usual - (self._n_done - self._n_before))
