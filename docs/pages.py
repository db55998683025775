"""
Check what the pages show: every block of code, every command, every link.

    python docs/pages.py        blocks, commands, links
    python docs/pages.py --yaml blocks of YAML too, which needs PyYAML

tox -e docs runs it with --yaml, tests/test_pages.py without.  A block that
nothing checks is an error, so that a new one needs a check first:

doctest, testcode           run and compared by tox -e doctest
python                      run by tests/contrib/test_docs.py; those of
                            README.md by tests/test_docs.py; those that a
                            caption gives to a file, by the commands after
                            them
sh with text behind it      run and compared by tests/test_docs_environment.py
sh of the class node        run, and compared with text behind it, by
                            tests/contrib/test_node.py if there is a node
other sh, console           split here, each command given to its own parser
literalinclude              the programs are run by tests/test_examples.py
                            and tests/contrib/web.py
json, toml, ini, docker,    parsed here, names and values in them looked up
yaml, Logstash
"""

import argparse
import collections
import configparser
import contextlib
import fnmatch
import inspect
import io
import json
import pathlib
import re
import shlex
import subprocess
import sys
import textwrap

DOCS = pathlib.Path(__file__).resolve().parent
ROOT = DOCS.parent
# Last, so that an installed package is asked and not its source.
sys.path.append(str(ROOT))

__all__ = ["Block", "blocks", "check_links", "check_page", "check_prose",
           "commands", "is_output", "needs_node", "pages",
           "parse_pipeline", "programs"]

Block = collections.namedtuple("Block", "line kind language options code")

EXAMPLES = ROOT / "examples"
# Directives without code; any other is a block.
OTHER = {"attribute", "class", "currentmodule", "data", "envvar", "figure",
         "function", "include", "list-table", "method", "module", "option",
         "program", "toctree", "versionadded"}


def pages():
    """Return the paths of all pages, README.md first."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.rst"))]


def blocks(text, markdown=False):
    """Return the blocks of a page, in order."""
    if markdown:
        return [Block(text.count("\n", 0, match.start()) + 1, "code-block",
                      match[1], {}, match[2])
                for match in re.finditer(r"^```(\w*)\n(.*?)^```", text,
                                         re.MULTILINE | re.DOTALL)]
    found, lines, number = [], text.split("\n"), 0
    while number < len(lines):
        line, number = lines[number], number + 1
        match = re.match(r"( *)\.\. ([\w:-]+)::(?: (.*))?$", line)
        if match is None:
            if line.endswith("::") and not line.lstrip().startswith(".. "):
                found.append(Block(number, "::", "", {}, ""))
            continue
        if match[2] in OTHER:
            continue
        start, body, options = number, [], {}
        while number < len(lines) and (
                not lines[number].strip()
                or lines[number].startswith(match[1] + " ")):
            body.append(lines[number])
            number += 1
        code = textwrap.dedent("\n".join(body))
        while code.startswith(":"):
            option, _, code = code.partition("\n")
            _, name, value = option.split(":", 2)
            options[name] = value.strip()
        found.append(Block(start, match[2], (match[3] or "").strip(),
                           options, code.strip("\n") + "\n"))
    return found


def programs(found):
    """
    Yield each of a page's blocks with the files of the reader by then.

    A caption names the file that a block is.
    """
    files = {}
    for block in found:
        if block.language == "python" and "caption" in block.options:
            files = {**files, block.options["caption"]: block.code}
        yield block, files


# ---- Commands -------------------------------------------------------

# Whose arguments are their own affair.
FOREIGN = {"curl", "git", "pip", "docker", "export"}
FOREIGN_MODULES = {"build", "compileall", "pip", "twine", "venv"}


def commands(code):
    """Return (variables, words) of each simple command of shell code."""
    found = []
    for line in code.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = [[]]
        for word in lexer:
            if word in ("&&", "||", "|", ";"):
                words.append([])
            else:
                words[-1].append(word)
        for each in words:
            first = 1 if each[:1] == ["export"] else 0
            variables = {}
            while first < len(each) and re.match(r"\w+=", each[first]):
                name, _, value = each[first].partition("=")
                variables[name] = value
                first += 1
            if variables or each:
                found.append((variables, each[first:]))
    return found


def check_values(variables):
    """Return what the package's own parser refuses in *variables*."""
    from jsonlogging.contrib.schemas import FORMATS
    from jsonlogging.config import parseEnvironment
    _, problems = parseEnvironment(variables,
                                   formats={"json", "text", *FORMATS})
    found = ["%s: %r is %s" % each[:3] for each in problems]
    found += ["%s is not read" % name for name in variables
              if name.startswith("PYTHON_LOGGING_")
              and name[15:] not in ("LEVEL", "HANDLER_LEVEL", "FORMAT",
                                    "TIME")]
    return found


def _parse(parse, words):
    """Return what *parse* refuses in *words*."""
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), (
            contextlib.redirect_stdout(io.StringIO())):
        try:
            parse(words)
        except SystemExit:
            pass
    return errors.getvalue().splitlines()[-1:]


def _parse_own(words):
    from jsonlogging import __main__ as launcher
    from jsonlogging.contrib import _commands
    if words[:1] and words[0] in launcher.SHIPPING:
        if len(words) == 1:     # of which a sentence speaks
            return
        _commands.make_parser().parse_args(words)
    elif words[:1] and words[0] in ("run", "config"):
        options, _, _, _ = launcher.split(words[1:])
        parser = launcher.make_parser()[1][words[0]]
        launcher.check(parser, parser.parse_args(options))
    else:
        launcher.make_parser()[0].parse_args(words)


def _parse_benchmarks(words):
    from benchmarks import __main__ as benchmarks
    if words[:1] != ["shipping"]:
        # It asks for results files that exist.
        results = sorted((ROOT / "benchmarks" / "results").glob("*.json"))
        words = [str(results[0]) if word.endswith(".json") else word
                 for word in words]
        benchmarks.parser().parse_args(
            words if words and not words[0].startswith("-")
            else ["run", *words])


def environments():
    """Return the names of the environments in tox.ini."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "tox.ini", encoding="utf-8")
    found = {"py"}
    for name in parser.sections():
        match = re.fullmatch(r"testenv:(?:\{([^}]*)\})?(.*)", name)
        if match:
            found |= {factor + match[2]
                      for factor in (match[1] or "").split(",")}
    return found


def check_command(variables, words):
    """Return what is wrong with a command."""
    found = check_values(variables)
    if not words:
        return found
    name, *args = words
    name = name.rpartition("/")[2] if name.startswith(".venv/") else name
    if re.fullmatch(r"python[\d.]*", name):
        if args[:1] == ["-m"] and len(args) > 1:
            if args[1] == "jsonlogging":
                return found + _parse(_parse_own, args[2:])
            if args[1] == "benchmarks":
                return found + _parse(_parse_benchmarks, args[2:])
            if args[1] not in FOREIGN_MODULES:
                found.append("unknown module %s" % args[1])
        elif args and "/" in args[0]:
            script = ROOT / args[0]
            if not script.is_file():
                return found + ["no script %s" % args[0]]
            source = script.read_text(encoding="utf-8")
            found += ["%s does not know %s" % (args[0], word)
                      for word in args[1:]
                      if re.fullmatch(r"-{0,2}[a-z][a-z-]*", word)
                      and '"%s"' % word not in source]
        elif args and args[0] != "shop.py" and not (     # the reader's own
                EXAMPLES / args[0]).is_file():
            found.append("no example %s" % args[0])
    elif name == "tox":
        if args[:1] == ["-e"]:
            found += ["tox.ini has no environment %s" % each
                      for each in args[1].split(",")
                      if each not in environments()]
    elif name == "pytest":
        found += ["no test %s" % each for each in args
                  if not (ROOT / each).exists()]
    elif name == "docker":
        found += check_values(dict(
            arg.split("=", 1) for option, arg in zip(args, args[1:])
            if option == "-e"))
    elif name not in FOREIGN and not (ROOT / name).is_file():
        found.append("unknown command %s" % name)
    return found


# ---- Blocks, by their language --------------------------------------

def check_shell(block):
    result = subprocess.run(["sh", "-n"], input=block.code,
                            stderr=subprocess.PIPE, encoding="utf-8")
    found = [result.stderr.strip()] if result.returncode else []
    for variables, words in commands(block.code):
        found += check_command(variables, words)
    return found


def check_console(block):
    odd = [line for line in block.code.splitlines()
           if not line.startswith("$ ")]
    return (["output is not compared: %s" % line for line in odd]
            or check_shell(block._replace(
                code=re.sub("(?m)^\\$ ", "", block.code))))


def check_json(block):
    from jsonlogging.contrib.elasticsearch import index_template
    data = json.loads(block.code)
    if "mappings" in data:
        real = index_template()["template"]["mappings"]
        if data["mappings"]["properties"]["labels"]["type"] != (
                real["properties"]["labels"]["type"]):
            return ["the index template maps labels otherwise"]
    return []


def check_toml(block):
    if sys.version_info >= (3, 11):
        import tomllib
        tomllib.loads(block.code)
    return []


def check_ini(block):
    # As systemd reads it: a key may be there several times.
    configparser.ConfigParser(strict=False, delimiters="=",
                              interpolation=None).read_string(block.code)
    return check_values(dict(re.findall(r"(?m)^Environment=(\w+)=(.*)$",
                                        block.code)))


def check_docker(block):
    found = []
    for line in block.code.splitlines():
        name, _, rest = line.partition(" ")
        if name == "RUN":
            found += check_shell(block._replace(code=rest))
        elif name in ("CMD", "ENTRYPOINT"):
            found += check_command({}, json.loads(rest))
        else:
            found.append("unknown instruction %s" % name)
    return found


def check_elasticsearch(block):
    from jsonlogging.contrib.elasticsearch import index_template
    request, _, body = block.code.partition("\n")
    if not re.fullmatch(r"(GET|PUT|POST) /[\w/]+", request):
        return ["odd request %r" % request]
    pattern = inspect.signature(index_template).parameters["pattern"].default
    names = [name for role in json.loads(body)["role_descriptors"].values()
             for index in role["index"] for name in index["names"]]
    return [] if names == [pattern] else ["the handler writes elsewhere"]


TOKEN = re.compile(r"""\s+|\#.*|(=>|[{}\[\],])|("[^"]*"|'[^']*')"""
                   r"""|(-?\d+(?:\.\d+)?)(?![\w.])|([A-Za-z_]\w*)""")
# Of the settings that there are, those that these pages need.
SETTINGS = {
    "input tcp": {"port", "codec"},
    "input beats": {"port"},
    "input http": {"port", "additional_codecs"},
    "output elasticsearch": {
        "hosts", "api_key", "ssl_certificate_authorities", "data_stream",
        "data_stream_dataset"},
    "codec json_lines": {"decode_size_limit_bytes"},
}


def parse_pipeline(text):
    """
    Return a Logstash pipeline: {section: [(plugin, {setting: value})]}.

    A value is a list, a dict, a text, a number, or a pair as above for a
    codec.  ValueError says what Logstash would refuse.  There are no
    conditions.
    """
    tokens, position = [], 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if not match:
            raise ValueError("odd text %r" % text[position:position + 20])
        position = match.end()
        if match.lastindex:
            tokens.append((match.lastindex, match[0]))
    tokens.append((0, "the end"))
    tokens.reverse()

    def take(*wanted):
        kind, word = tokens.pop()
        if word not in wanted and kind not in wanted:
            raise ValueError("%s where %s should be" % (word, wanted))
        return word

    def value():
        kind, word = tokens.pop()
        if word == "[":
            found = []
            while tokens[-1][1] != "]":
                found.append(value())
                if tokens[-1][1] != "]":
                    take(",")
            take("]")
            return found
        if word == "{":
            return settings(2, 3, 4)
        if kind == 2:
            return word[1:-1]
        if kind == 3:
            return float(word)
        if kind != 4:
            raise ValueError("%s is no value" % word)
        if tokens[-1][1] == "{":
            take("{")
            return word, settings(4)
        return word

    def settings(*kinds):
        found = {}
        while tokens[-1][1] != "}":
            name = take(*kinds).strip("\"'")
            if name in found:
                raise ValueError("%s is there twice" % name)
            take("=>")
            found[name] = value()
        take("}")
        return found

    found = {}
    while tokens[-1][0]:
        plugins = found.setdefault(take("input", "filter", "output"), [])
        take("{")
        while tokens[-1][1] != "}":
            name = take(4)
            take("{")
            plugins.append((name, settings(4)))
        take("}")
    return found


def check_logstash(block):
    from jsonlogging.contrib.elasticsearch import index_template
    from jsonlogging.contrib.logstash import LogstashHandler
    found, data = [], parse_pipeline(block.code)
    plugins = [("%s %s" % (section, name), settings)
               for section in data for name, settings in data[section]]
    for _, settings in plugins[:]:
        if isinstance(settings.get("codec"), tuple):
            name, more = settings["codec"]
            plugins.append(("codec " + name, more))
    for name, settings in plugins:
        found += ["%s has no setting %s" % (name, key)
                  for key in settings if key not in SETTINGS.get(name, ())]
    inputs, outputs = dict(data["input"]), dict(data["output"])
    port = inspect.signature(LogstashHandler).parameters["port"].default
    if inputs["tcp"].get("port") != port:
        found.append("the handler's port is %d" % port)
    stream = "logs-%s-default" % (
        outputs["elasticsearch"]["data_stream_dataset"])
    pattern, = index_template()["index_patterns"]
    if not fnmatch.fnmatch(stream, pattern):
        found.append("the index template is not for %s" % stream)
    return found


# ---- YAML -----------------------------------------------------------

FILESTREAM = {"type", "id", "paths", "parsers", "file_identity.native",
              "prospector.scanner.fingerprint.enabled",
              "prospector.scanner.symlinks"}
PARSERS = {"container": set(),
           "ndjson": {"target", "overwrite_keys", "expand_keys",
                      "add_error_key"}}
PROCESSORS = {"fingerprint": {"fields", "target_field"}}


def load_yaml(text):
    """Return the data in *text*; a key that is there twice is an error."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    def mapping(loader, node):
        keys = [loader.construct_object(key) for key, _ in node.value]
        if len(keys) != len(set(keys)):
            raise ValueError("a key is there twice: %s" % keys)
        return loader.construct_mapping(node, deep=True)

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    return yaml.load(text, Loader)


def check_yaml(data):
    """
    Return what is wrong with the *data* of a block of YAML.

    It is a part of a Compose file, of a pod or of Filebeat's.
    """
    found = []
    for service in data.get("services", {}).values():
        found += check_strings(service["environment"])
    volumes = {volume["name"] for volume in data.get("volumes", ())}
    for container in (data.get("initContainers", [])
                      + data.get("containers", [])):
        found += check_strings({each["name"]: each["value"]
                                for each in container.get("env", ())})
        found += ["no volume %s" % mount["name"]
                  for mount in container.get("volumeMounts", ())
                  if mount["name"] not in volumes]
    for reader in data.get("filebeat.inputs", ()):
        found += check_keys(reader, FILESTREAM)
        if reader["type"] != "filestream" or not reader["id"]:
            found.append("no filestream with an id")
        found += check_named(reader["parsers"], PARSERS)
    found += check_named(data.get("processors", ()), PROCESSORS)
    return found + check_keys(data, {
        "services", "volumes", "initContainers", "containers",
        "filebeat.inputs", "processors"})


def check_keys(data, known):
    return ["unknown key %s" % key for key in data if key not in known]


def check_named(items, known):
    """Check a list of mappings from one name to its settings."""
    found = []
    for item in items:
        (name, settings), = item.items()
        found += (check_keys(settings or {}, known[name]) if name in known
                  else ["unknown key %s" % name])
    return found


def check_strings(variables):
    """Check an environment, in which Kubernetes wants strings."""
    odd = ["%s is no string" % name for name, value in variables.items()
           if not isinstance(value, str)]
    return odd or check_values(variables)


# ---- The inventory --------------------------------------------------

LANGUAGES = {
    "console": check_console, "docker": check_docker, "ini": check_ini,
    "json": check_json, "sh": check_shell, "toml": check_toml,
}
CLASSES = {"elasticsearch": check_elasticsearch, "logstash": check_logstash}


def is_output(block, before):
    """Tell whether *block* shows what the shell code *before* prints."""
    return bool(block and before and before.language == "sh"
                and block.language == "text" and not block.options)


def needs_node(block):
    """Tell whether the commands of *block* ask Elasticsearch."""
    return block.options.get("class") == "node"


def check_block(path, block, before=None, after=None, yaml=False):
    """Return what is wrong with *block*, between *before* and *after*."""
    kind, language = block.kind, block.language
    if kind in ("doctest", "testcode", "testoutput", "testsetup",
                "testcleanup"):
        return []
    if kind == "example-output":
        return ([] if (EXAMPLES / (language + ".py")).is_file()
                else ["no example %s" % language])
    if kind == "literalinclude":
        included = (path.parent / language).resolve()
        if included.parent == EXAMPLES and included.suffix != ".py":
            # A program of the same name reads it.
            source = included.with_suffix(".py")
            return ([] if source.is_file() and included.name
                    in source.read_text(encoding="utf-8")
                    else ["nothing reads %s" % included.name])
        return ([] if included.parent in (EXAMPLES, EXAMPLES / "frameworks")
                else ["nothing runs %s" % language])
    if kind != "code-block":
        return ["a block without a language" if kind == "::"
                else "unknown directive %s" % kind]
    if language == "python":
        compile(block.code, str(path), "exec")
        return []
    if language == "yaml":
        return check_yaml(load_yaml(block.code)) if yaml else []
    if language == "text":
        if block.options.get("class") in CLASSES:
            return CLASSES[block.options["class"]](block)
        # The picture is compared by tests/test_architecture.py.
        return ([] if path.name == "architecture.rst"
                or is_output(block, before) else ["nothing compares it"])
    if is_output(after, block) and not needs_node(block):
        return []
    if language in LANGUAGES:
        return LANGUAGES[language](block)
    return ["nothing checks the language %r" % language]


def check_page(path, text, yaml=False):
    """Return what is wrong with the blocks of a page."""
    found, problems = blocks(text, path.suffix == ".md"), []
    for before, block, after in zip([None] + found, found,
                                    found[1:] + [None]):
        try:
            wrong = check_block(path, block, before, after, yaml)
        except Exception as error:      # of whatever parses it
            wrong = ["%s: %s" % (type(error).__name__, error)]
        problems += ["%s:%d: %s" % (path.name, block.line, each)
                     for each in wrong]
    return problems


# ---- Prose ----------------------------------------------------------

def literals(text):
    """Return the inline literals of a page."""
    text = re.sub(r"(?ms)^```.*?^```", "", text)
    return [re.sub(r"\s+", " ", match[2]) for match in re.finditer(
        r"(?<![`\\])(`{1,2})([^`\n]+(?:\n[^`\n]+)?)\1(?!`)", text)]


def check_prose(path, text):
    """Return the commands and files in a page's prose that are wrong."""
    found = []
    for literal in literals(text):
        if re.match(r"(python3?|tox|pytest) ", literal) and not (
                re.search(r"[\[|<]|\.\.\.|pythonX", literal)):
            for variables, words in commands(literal):
                found += ["%s: %s" % (literal, each)
                          for each in check_command(variables, words)]
        elif re.fullmatch(r"(?:benchmarks|docs|examples|pep|tests)/[\w./-]+",
                          literal) and not (ROOT / literal).exists():
            found.append("no file %s" % literal)
    return ["%s: %s" % (path.name, each) for each in found]


def check_links(path, text):
    """Return the links of a page that are odd or lead nowhere."""
    found = ["an odd link %s" % url for url in re.findall(
        r"https?:[^\s`<>\")\]]*", text) if not re.fullmatch(
        r"https://[\w.-]+(:\d+)?(/\S*)?|http://localhost:\d+\S*", url)]
    if path.suffix == ".md":
        for link in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
            name, _, anchor = link.partition("#")
            target = path.parent / name if name else path
            if not target.is_file():
                found.append("no file %s" % link)
            elif anchor and anchor not in anchors(target):
                found.append("no section %s" % link)
    return ["%s: %s" % (path.name, each) for each in found]


def anchors(path):
    """Return the anchors that a forge gives to the titles of a file."""
    text = path.read_text(encoding="utf-8")
    titles = re.findall(r"(?m)^#+ (.*)$" if path.suffix == ".md"
                        else r"(?m)^(\S.*)\n[=~^-]{3,}$", text)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
            for title in titles}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument("--yaml", action="store_true")
    options = parser.parse_args(argv)
    problems = []
    for path in [*pages(), ROOT / "pep" / "discussion.md"]:
        text = path.read_text(encoding="utf-8")
        problems += check_links(path, text)
        if path.parent.name != "pep":   # pep/check.py runs its commands
            problems += check_page(path, text, options.yaml)
            problems += check_prose(path, text)
    print("\n".join(problems) or "%d blocks" % sum(
        len(blocks(path.read_text(encoding="utf-8"), path.suffix == ".md"))
        for path in pages()))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
