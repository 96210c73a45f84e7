"""Build of the compiled kernels; everything else is declared in pyproject.toml."""

import os

from setuptools import Extension, setup

# Square roots and selects may be vectorized: nobody reads errno, or traps.
FLAGS = [] if os.name == "nt" else ["-O3", "-fno-math-errno", "-fno-trapping-math"]

setup(
    ext_modules=[
        Extension(
            f"skimitate.kernels.{name}",
            [f"skimitate/kernels/{name}.pyx"],
            depends=["skimitate/kernels/vector_math.h"],
            extra_compile_args=FLAGS,
        )
        for name in ("running_stats", "mlp")
    ]
)
