"""Build of the compiled kernels; everything else is declared in pyproject.toml."""

import os
from glob import glob

from setuptools import Extension, setup

# Square roots and selects may be vectorized: nobody reads errno, or traps.
FLAGS = [] if os.name == "nt" else ["-O3", "-fno-math-errno", "-fno-trapping-math"]

setup(
    ext_modules=[
        Extension(
            f"skimitate.kernels.{name}",
            [f"skimitate/kernels/{name}.pyx"],
            depends=glob("skimitate/kernels/*.h") + glob("skimitate/kernels/*.pxd"),
            extra_compile_args=FLAGS,
        )
        for name in ("running_stats", "mlp", "recurrent")
    ]
)
