"""A line that says how far something is, on a terminal or in a log."""

import shutil
import sys
from collections.abc import Sequence
from itertools import chain

# Seconds after which a log gets a line at the latest, if something is done.
_PATIENCE = 10.0


class Line:
    """One line that keeps changing on a terminal; in a log, a line now and then.

    On a terminal it is at most as wide as that is at the moment, and what matters least
    is left out: first what the estimator has reached, then the time that has passed,
    the inner counts and the end of the label. In a log it is whole, and is printed at
    every tenth of the way, but at most once a second besides the last time; where a
    tenth takes longer, after ten seconds, or a twentieth of the time that has passed.

    Parameters
    ----------
    label : str
        What is being done.
    """

    def __init__(self, label: str) -> None:
        self.label = label
        self._printed = 0.0  # seconds from the beginning
        self._tenths = 0
        self._width = 0  # of what is on the terminal

    def show(
        self,
        counts: Sequence[str],
        state: Sequence[str],
        seconds: float,
        left: float | None,
        *,
        done: float,
        last: bool,
    ) -> None:
        """Show how far it is.

        Parameters
        ----------
        counts : sequence of str
            The numbers of the tasks, from the outermost.
        state : sequence of str
            What has been reached.
        seconds : float
            How long it has taken.
        left : float or None
            How long it will take, if that is known.
        done : float
            The part of the way that is done, up to 1.
        last : bool
            Whether nothing will follow.
        """
        times = [f"{seconds:.0f} s"]
        if left is not None:
            times.append(f"{left:.0f} s left")
        if sys.stdout.isatty():
            # In the last column some terminals go on to the next line.
            width = shutil.get_terminal_size().columns - 1
            line = self._within(width, counts, state, times)
            print(f"\r{line:<{min(self._width, width)}}", end="", flush=True)
            self._width = len(line)
            return
        tenths = min(int(10 * done + 1e-9), 9)
        since = seconds - self._printed
        further = tenths > self._tenths and since > 1.0
        if last or further or since > max(_PATIENCE, seconds / 20):
            self._tenths, self._printed = max(tenths, self._tenths), seconds
            print(_joined(self.label, counts, state, times), flush=True)

    def leave(self) -> None:
        """End the line that kept changing."""
        if self._width:
            print(flush=True)
        self._width = 0

    def _within(
        self,
        width: int,
        counts: Sequence[str],
        state: Sequence[str],
        times: Sequence[str],
    ) -> str:
        """Return a line of at most a width."""
        passed, left = list(times[:1]), times[1:]
        counts, state = list(counts), list(state)
        for parts, n_kept in ((state, 0), (passed, 0), (counts, 1)):
            while len(parts) > n_kept:
                if len(_joined(self.label, counts, state, passed, left)) <= width:
                    break
                parts.pop()
        too_long = len(_joined(self.label, counts, state, passed, left)) - width
        label = self.label[: len(self.label) - max(0, too_long)]
        return _joined(label, counts, state, passed, left)[: max(0, width)]


def _joined(label: str, *parts: Sequence[str]) -> str:
    return f"{label}: {', '.join(chain(*parts))}"
