"""Run a function of this package in a Python process of its own."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import jsonlogging

__all__ = ["PATH", "isolated"]

# The new process imports the very packages that this one has imported.
PATH = os.pathsep.join(str(pathlib.Path(file).resolve().parent.parent)
                       for file in (jsonlogging.__file__, __file__))

CODE = """
import importlib, json, sys
module, name, args = json.loads(sys.argv[1])
result = getattr(importlib.import_module(module), name)(*args)
print(json.dumps(result))
"""


def isolated(function, *args):
    """Return what *function* returns for *args*, by way of JSON."""
    call = json.dumps([function.__module__, function.__name__, args])
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [sys.executable, "-c", CODE, call], cwd=folder, check=True,
            env={**os.environ, "PYTHONPATH": PATH}, stdout=subprocess.PIPE,
            encoding="utf-8")
    return json.loads(result.stdout)
