"""Build of the compiled kernels; everything else is declared in pyproject.toml."""

import os

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension(
            "skimitate._running_stats",
            ["skimitate/_running_stats.pyx"],
            extra_compile_args=[] if os.name == "nt" else ["-O3"],
        )
    ]
)
