"""Sphinx configuration: MyST pages, the API from the docstrings, every warning an error (``-n -W``)."""

import builtins
import sys
from pathlib import Path

import vndoc

sys.path.insert(0, str(Path(__file__).resolve().parent / "_ext"))

project = "vndoc"
author = "The vndoc contributors"
project_copyright = "The vndoc contributors, Apache-2.0"
version = release = vndoc.__version__
language = "en"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "catalogues",
    "public_api",
]
exclude_patterns = ["_build", "_ext"]
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["vndoc.css"]
html_title = f"vndoc {release}"

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_class_signature = "separated"

# The pages build without a network, so names of other libraries are not looked up: they are known by their package.
nitpicky = True
_elsewhere = "|".join(
    sorted(
        {
            *sys.stdlib_module_names,
            "asn1crypto",
            "attr",
            "attrs",
            "cryptography",
            "lxml",
            "pika",
            "pkcs11",
            "sqlalchemy",
            "typer",
            "xmlschema",
        }
    )
)
nitpick_ignore_regex = [(r"py:.*", rf"({_elsewhere})(\..+)?"), (r"py:.*", rf"({'|'.join(dir(builtins))})(\..+)?")]
nitpick_ignore_regex += [(r"py:.*", r"(\w+\.)*_\w+")]  # type variables and base classes that are not public

# Examples of the pages stand in {doctest} and {testcode} blocks and run page by page, each page in an empty folder of
# its own; those of the docstrings are run by the tests, in the namespace of their module.
doctest_global_setup = """
import os, tempfile
import vndoc
_home, _folder = os.getcwd(), tempfile.TemporaryDirectory()
os.chdir(_folder.name)
"""
doctest_global_cleanup = """
os.chdir(_home)
_folder.cleanup()
"""
doctest_test_doctest_blocks = ""
