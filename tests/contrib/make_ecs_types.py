"""Make jsonlogging/contrib/_ecs_types.py of Elastic's own package.

    npm pack @elastic/ecs@9.4.0
    tar xzf elastic-ecs-9.4.0.tgz
    python tests/contrib/make_ecs_types.py package \\
        > jsonlogging/contrib/_ecs_types.py

The package, which Elastic publishes on npm, holds the field set of the
Elastic Common Schema as a JavaScript object; Node.js reads it.
"""

import json
import pathlib
import subprocess
import sys
import textwrap

__all__ = ["module", "read"]

READ = """
const path = require("path").resolve(process.argv[1]);
const fields = require(path + "/build/commonjs/ecs_flat.js").EcsFlat;
console.log(JSON.stringify(fields));
"""

HEAD = '''\
"""
The names and types of the fields of the Elastic Common Schema %(version)s.

Generated, not written.  The commands are

    npm pack @elastic/ecs@%(version)s
    tar xzf elastic-ecs-%(version)s.tgz
    python tests/contrib/make_ecs_types.py package \\\\
        > jsonlogging/contrib/_ecs_types.py

The names are those of that package of Elastic's, of version %(version)s,
Copyright Elasticsearch B.V. and licensed under the Apache License,
Version 2.0 (https://www.apache.org/licenses/LICENSE-2.0).
"""

__all__ = ["FIELDS", "VERSION"]

VERSION = "%(version)s"

# Elasticsearch's type of each field, with "[]" if the schema wants it to
# hold arrays.
FIELDS = {}
'''

ENTRY = '''
FIELDS.update(dict.fromkeys("""
%s
""".split(), "%s"))
'''


def read(package):
    """Return (version, types) of the unpacked npm package."""
    text = pathlib.Path(package, "package.json").read_text(encoding="utf-8")
    output = subprocess.check_output(["node", "-e", READ, str(package)])
    types = {}
    for name, field in json.loads(output).items():
        array = "array" in (field.get("normalize") or ())
        types[name] = field["type"] + "[]" * array
    return json.loads(text)["version"], types


def module(version, types):
    """Return the source of the module."""
    text = HEAD % {"version": version}
    for kind in sorted({*types.values()}):
        names = " ".join(sorted(n for n in types if types[n] == kind))
        text += ENTRY % (textwrap.fill(names, 79, break_on_hyphens=False,
                                       break_long_words=False), kind)
    return text


if __name__ == "__main__":
    sys.stdout.write(module(*read(sys.argv[1])))
