"""Build of the compiled kernels; everything else is declared in pyproject.toml."""

import os

from setuptools import Extension, setup

# Square roots and selects may be vectorized: nobody reads errno, or traps.
FLAGS = [] if os.name == "nt" else ["-O3", "-fno-math-errno", "-fno-trapping-math"]

setup(
    ext_modules=[
        Extension(
            f"skimitate.{name}",
            [f"skimitate/{name}.pyx"],
            depends=["skimitate/_vector_math.h"],
            extra_compile_args=FLAGS,
        )
        for name in ("_running_stats", "_mlp_kernel")
    ]
)
