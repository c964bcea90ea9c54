"""Build the example: `python setup.py build_ext --inplace`, where obctl, Cython and a C compiler are installed.

Cython finds the engine's declarations (orderbook/*.pxd) on Python's import path; nothing is linked against.
"""

from Cython.Build import cythonize
from setuptools import Extension, setup

setup(
    name="door",
    ext_modules=cythonize(
        [Extension("door", ["door.pyx"], extra_compile_args=["-O3"])],
        compiler_directives={"language_level": 3, "cdivision": True, "wraparound": False},
    ),
)
