"""Build the reader: `python setup.py build_ext --inplace`, where obctl, Cython and a C compiler are installed."""

from Cython.Build import cythonize
from setuptools import setup

setup(name="pipe_reader", ext_modules=cythonize("pipe_reader.pyx", compiler_directives={"language_level": 3}))
