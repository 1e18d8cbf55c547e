"""The version of vndoc, in its one place: the build reads it from here, and so does ``vndoc.__version__``."""

__version__ = "0.1.0.dev0"
