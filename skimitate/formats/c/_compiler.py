"""The machine's C compiler."""

import ctypes
import os
import shlex
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

_COMPILERS = ("cc", "gcc", "clang")
_FLAGS = ("-std=c99", "-O2", "-fPIC", "-shared")


def compiled(header: str, program: str) -> ctypes.CDLL:
    """Return what a header and a program that includes it make, as a library.

    Parameters
    ----------
    header : str
        In the program's folder it is ``policy.h``.
    program : str
        In C.

    Returns
    -------
    ctypes.CDLL

    Raises
    ------
    ValueError
        If they do not compile.
    FileNotFoundError
        If there is no compiler.
    """
    return _library(_compiler(), header, program)


# Copies of a policy, of which joblib makes one for each task, share what was compiled:
# a library stays in memory once it is there.
@lru_cache(maxsize=16)
def _library(command: tuple[str, ...], header: str, program: str) -> ctypes.CDLL:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "policy.h").write_text(header, encoding="ascii")
        (Path(folder) / "program.c").write_text(program, encoding="ascii")
        library = Path(folder) / "policy.so"
        done = subprocess.run(
            [*command, *_FLAGS, "program.c", "-o", str(library)],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if done.returncode:
            raise ValueError(f"{command[0]} cannot compile it: {done.stderr[:600]}")
        # Once it is loaded the file may go.
        return ctypes.CDLL(str(library))


def _compiler() -> tuple[str, ...]:
    """Return how the compiler is called."""
    told = shlex.split(os.environ.get("CC", ""))
    for command in [told] if told else [[name] for name in _COMPILERS]:
        found = shutil.which(command[0])
        if found:
            return (found, *command[1:])
    raise FileNotFoundError(
        "a policy in C needs a C compiler: expected one that the variable CC names, or "
        f"one of {', '.join(_COMPILERS)}, got {' '.join(told) or 'none of them'}"
    )
