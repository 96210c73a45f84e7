"""The parser of a command, that knows what a mistyped option was to be."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any


class CommandParser(argparse.ArgumentParser):
    """Refuses what it does not know by itself, and shows the command's own usage.

    Argparse has the parser above it do that, which does not know the command's options.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse arguments, of which all have to be known.

        Parameters
        ----------
        args : sequence of str or None, default=None
            Arguments; None for those of the process.
        namespace : argparse.Namespace or None, default=None
            Where to put what they say.

        Returns
        -------
        argparse.Namespace
            What they say.
        list of str
            Empty.
        """
        given = list(sys.argv[1:] if args is None else args)
        # Before anything else is said: a required option may be the one mistyped.
        known = self._options()
        self._refuse([arg for arg in _options_in(given) if not _is_one(arg, known)])
        parsed, unknown = super().parse_known_args(given, namespace)
        self._refuse(unknown)
        return parsed, unknown

    def _options(self) -> list[str]:
        return ["--help", *re.findall(r"--[\w-]+", self.format_usage())]

    def _refuse(self, unknown: Sequence[str]) -> None:
        """End with the usage, and with what may have been meant, if there are any."""
        if not unknown:
            return
        options = self._options()
        alike = [
            match
            for arg in unknown
            if arg.startswith("-")
            for match in get_close_matches(f"--{arg.strip('-')}", options, n=1)
        ]
        meant = f"; did you mean {' and '.join(alike)}?" if alike else ""
        self.error(f"unrecognized arguments: {' '.join(unknown)}{meant}")


def _options_in(args: Sequence[str]) -> Iterator[str]:
    """Yield the names of long options, as argparse sees them, without their values."""
    for arg in args:
        if arg == "--":
            return
        name = arg.partition("=")[0]
        if name.startswith("--") and " " not in name:
            yield name


def _is_one(option: str, known: Sequence[str]) -> bool:
    """Tell whether an option is known, maybe by the beginning of its name."""
    return any(name.startswith(option) for name in known)
