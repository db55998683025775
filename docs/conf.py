"""Sphinx configuration.  Nothing here needs the network."""

import pathlib

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples"

project = "jsonlogging"
author = "the jsonlogging authors"
copyright = author

extensions = ["sphinx.ext.doctest"]
exclude_patterns = ["_build"]
default_role = "py:obj"
rst_prolog = ".. py:currentmodule:: jsonlogging"
highlight_language = "python3"
html_static_path = ["_static"]
html_theme = "alabaster"
html_theme_options = {
    "description": "JSON log lines for the standard library",
    "fixed_sidebar": True,
}
html_show_sourcelink = False
# Dashes alone, for the titles of modules.
smartquotes_action = "D"

# Every reference into this project is checked (sphinx-build -n).  Names
# of the standard library have no target here, because their inventory
# would have to be fetched.
nitpick_ignore_regex = [
    ("py:.*", r"(gc|logging|json|traceback|datetime|time|tomllib|unittest|os"
              r"|multiprocessing|subprocess)"
              r"(\..*)?"),
    ("py:.*", r"str|int|float|bool|repr"),
    ("py:.*", r"(Base)?Exception|[A-Z][A-Za-z]*(Error|Exit|Interrupt)"),
]

# In the examples every record is of the same moment, so that their
# output can be compared.  Each page starts and ends without handlers.
doctest_global_setup = '''
import logging
import sys

def _fixed_record(*args, **kwargs):
    record = logging.LogRecord(*args, **kwargs)
    record.created = 1700000000.123
    return record

def _reset():
    logging.setLogRecordFactory(logging.LogRecord)
    for name, logger in logging.Logger.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and name[:6] != "sphinx":
            for handler in logger.handlers[:]:
                logger.removeHandler(handler)
            logger.setLevel(logging.NOTSET)
    logging.root.handlers.clear()
    logging.root.setLevel(logging.WARNING)

_reset()
logging.setLogRecordFactory(_fixed_record)
'''
doctest_global_cleanup = "_reset()"


class ExampleOutput(SphinxDirective):
    """Show what a program in examples/ prints: its "# Output:" comment."""

    required_arguments = 1

    def run(self):
        path = EXAMPLES / (self.arguments[0] + ".py")
        self.env.note_dependency(str(path))
        source = path.read_text(encoding="utf-8")
        lines = source.partition("\n# Output:\n")[2].splitlines()
        text = "\n".join(line[2:] for line in lines)
        return [nodes.literal_block(text, text, language="text")]


def setup(app):
    app.add_directive("example-output", ExampleOutput)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
