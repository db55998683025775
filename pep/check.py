"""Check the PEPs: form, figures, specification, commands, rendering.

    python pep/check.py            everything but the commands
    python pep/check.py --commands the commands that the PEPs name, too
    python pep/check.py --render   rendered by Sphinx, too

What the linter of python/peps checks, it checks here: headers and their
order, sections and theirs, the title's length, 79 columns, no bare URLs,
roles for PEPs and RFCs.  Beyond that it compares the text with the code
(signatures, tables, limits) and with the results files (figures.py), and
runs each command that a PEP or discussion.md names.
"""

import argparse
import inspect
import io
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap

PEP = pathlib.Path(__file__).resolve().parent
ROOT = PEP.parent
sys.path[:0] = [str(PEP)]
# Last, so that an installed package is judged and not its source.
sys.path.append(str(ROOT))

import figures  # noqa: E402

__all__ = ["check_companion", "check_figures", "check_form",
           "check_specification", "commands", "render", "run"]

HEADERS = ("PEP", "Title", "Author", "Sponsor", "PEP-Delegate",
           "Discussions-To", "Status", "Type", "Topic", "Requires",
           "Created", "Python-Version", "Post-History", "Replaces",
           "Superseded-By", "Resolution")
REQUIRED = {"PEP", "Title", "Author", "Discussions-To", "Status", "Type",
            "Created", "Python-Version", "Post-History"}
SECTIONS = ("Abstract", "Motivation", "Rationale", "Specification",
            "Backwards Compatibility", "Security Implications",
            "How to Teach This", "Reference Implementation",
            "Rejected Ideas", "Open Issues", "Footnotes", "Change History",
            "Copyright")
MAX_TITLE = 44
WORDS = {9999: (4000, 7000), 9998: (2000, 3500)}
COPYRIGHT = """\
This document is placed in the public domain or under the
CC0-1.0-Universal license, whichever is more permissive.
"""
SECONDS = 120   # for one command


# ---- Form -----------------------------------------------------------

def parts(text):
    """Return the headers of a PEP, as a list of pairs, and the rest."""
    head, _, body = text.partition("\n\n")
    return re.findall(r"^([A-Za-z-]+): *(.*(?:\n .*)*)", head,
                      re.MULTILINE), body


def titles(body):
    """Return the titles of the sections at top level."""
    return re.findall(r"^(\S.*)\n=+\n", body, re.MULTILINE)


def check_form(text, number):
    """Return what is wrong with the form of the PEP *number*."""
    found, (headers, body) = [], parts(text)
    names = [name for name, _ in headers]
    values = dict(headers)
    if names != [name for name in HEADERS if name in names]:
        found.append("headers are not in order, once each: %s" % names)
    found += ["no header %s" % name for name in REQUIRED - set(names)]
    if values.get("PEP") != str(number):
        found.append("header PEP is not %d" % number)
    if len(values.get("Title", "")) > MAX_TITLE:
        found.append("the title has more than %d characters" % MAX_TITLE)
    for name, pattern in (("Created", r"\d\d-[A-Z][a-z]{2}-\d{4}"),
                          ("Status", "Draft"),
                          ("Type", "Standards Track"),
                          ("Python-Version", r"3\.\d+")):
        if not re.fullmatch(pattern, values.get(name, "")):
            found.append("header %s is odd" % name)
    sections = titles(body)
    if [title for title in sections if title in SECTIONS] != [*SECTIONS]:
        found.append("sections are not in order: %s" % sections)
    for line, this in enumerate(text.split("\n"), 1):
        if len(this) > 79:
            found.append("line %d has more than 79 columns" % line)
        if this != this.rstrip() or "\t" in this:
            found.append("line %d has odd space" % line)
    for title, rule in re.findall(
            r"^(\S.*)\n([=\-'])\2+$(?=\n\n)", body, re.MULTILINE):
        if not re.search(r"^%s\n\%s{%d}$" % (
                re.escape(title), rule, len(title)), body, re.MULTILINE):
            found.append("the underline of %r has another length" % title)
    for title in sections:
        if not re.search(r"(?:\A\n|\n\n\n)%s\n=" % re.escape(title), body):
            found.append("no two blank lines before %r" % title)
    for pattern, what in (
            (r"(?<![<:/\w])https?://\S+", "a bare URL"),
            (r"peps\.python\.org/|rfc-editor\.org|ietf\.org/doc",
             "a link where a role belongs"),
            (r"(?<![:`\w])(?:PEP|RFC) \d+", "a PEP or RFC without a role"),
            (r"\b(?:e\.g\.|i\.e\.|etc\b|viz\.|cf\.)", "Latin")):
        found += ["%s: %s" % (what, match[0])
                  for match in re.finditer(pattern, body)]
    notes = re.findall(r"^\.\. \[#(\w+)\]", body, re.MULTILINE)
    used = set(re.findall(r"\[#(\w+)\]_", body))
    if len(notes) != len(set(notes)) or set(notes) != used:
        found.append("footnotes and references: %s" % (set(notes) ^ used))
    low, high = WORDS[number]
    if not low <= len(text.split()) <= high:
        found.append("%d words, not %d to %d" % (
            len(text.split()), low, high))
    if not text.endswith("\n\n" + COPYRIGHT):
        found.append("the end is not the wording of Copyright")
    return found


# ---- The text and the code ------------------------------------------

def _signature(cls):
    parameters = inspect.signature(cls).parameters.values()
    return str(inspect.Signature([
        each.replace(annotation=each.empty) for each in parameters]))


def check_specification(text):
    """Return where PEP 9999 says other than the formatters do."""
    from jsonlogging import formatters, _encoder
    found = []
    code = textwrap.dedent(re.search(
        r"\.\. code-block:: python\n\n((?:   .*\n|\n)+)", text)[1])
    namespace = {"logging": __import__("logging")}
    exec(code, namespace)
    for name in formatters.__all__:
        for told, cls in ((namespace[name], getattr(formatters, name)),):
            if _signature(told) != _signature(cls):
                found.append("signature of %s: %s" % (name, _signature(cls)))
            for key in ("max_depth", "max_items"):
                if getattr(told, key, None) != getattr(cls, key, None):
                    found.append("%s of %s" % (key, name))
            for key, value in vars(told).items():
                if callable(value) and key != "__init__" and (
                        _signature(value) != _signature(getattr(cls, key))):
                    found.append("signature of %s" % key)
    told = re.search(r'^   (\{"timestamp".*?\})$', text,
                     re.MULTILINE | re.DOTALL)
    fields = eval(told[1]) if told else None
    if fields != formatters._FIELDS or list(fields) != list(
            formatters._FIELDS):
        found.append("the default fmt")
    flat = re.sub(r"\s+", " ", text)
    found += ["the regular expression of style %r" % style
              for style, pattern in formatters._NAMES.items()
              if "``%s``" % pattern not in flat]
    table = re.search(r"Name of the class .*?\n\n", text, re.DOTALL)[0]
    told = {}
    names = []
    for line in table.splitlines()[2:]:
        names += re.findall(r"``([\w.]+\.[\w.]+|complex)``", line)
        method = re.search(r"``(\w+)``$", line)
        if method and not line.rstrip().endswith("`%s``" % names[-1]):
            current = method[1]
        if names:
            told.update(dict.fromkeys(names, current))
            names = []
    if told != _encoder._METHODS:
        found.append("the table of types: %s" % (
            set(told.items()) ^ set(_encoder._METHODS.items())))
    limits = {"ten entries": _encoder._MAX_NOTES == 10,
              "cut to 100 characters": _encoder._MAX_NAME == 100,
              "the sixth is a": _encoder._MAX_NESTED_CALLS == 5,
              "Fifty times": _encoder._MAX_STR_DEPTH == 50}
    found += ["the limit %r" % words for words, same in limits.items()
              if words not in flat or not same]
    return found


def check_companion(text):
    """Return where PEP 9998 says other than the overrides do."""
    from jsonlogging._overrides import parseEnvironment
    found, flat = [], re.sub(r"\s+", " ", text)
    variables = set(re.findall(r"PYTHON_LOGGING_[A-Z_]+", text))
    settings, problems = parseEnvironment({
        "PYTHON_LOGGING_LEVEL": "INFO, app.db = debug,app=7,,",
        "PYTHON_LOGGING_HANDLER_LEVEL": "console=ERROR,x=WARNING,x=10",
        "PYTHON_LOGGING_FORMAT": " JSON ", "PYTHON_LOGGING_TIME": "Local"})
    if problems or settings[1:] != (
            {"root": 20, "app.db": 10, "app": 7},
            {"console": 40, "x": 10}, "json", "local"):
        found.append("the grammar: %s, %s" % (settings, problems))
    if variables != {"PYTHON_LOGGING_" + name for name in (
            "LEVEL", "HANDLER_LEVEL", "FORMAT", "TIME")}:
        found.append("the variables: %s" % variables)
    name = re.search(r"the regular expression ``(.*?)`` as a whole", flat)[1]
    for text in ("a", "a.b-c", "a b", "-a", "a-", ".a", "a.", "", " ", "a/b",
                 "a:1", "()", "args", "class", "factory", "class_", "\xe9"):
        told = bool(re.fullmatch(name, text)) and text not in (
            "args", "class", "factory")
        _, problems = parseEnvironment(
            {"PYTHON_LOGGING_HANDLER_LEVEL": text + "=10"})
        if told is bool(problems):
            found.append("the name %r" % text)
    for value, good in (("9" * 9, True), ("9" * 10, False), ("-1", False),
                        ("a=1," * 256, True), ("a=1," * 257, False),
                        ("1" + " " * 8191, True), ("1" + " " * 8192, False)):
        _, problems = parseEnvironment({"PYTHON_LOGGING_LEVEL": value})
        if bool(problems) is good:
            found.append("a limit: %r" % value[:20])
    found += ["the limit %r" % words for words in (
        "one to nine digits", "longer than 8192 bytes", "the 256th")
        if words not in flat]
    return found


def check_figures(text, blocks):
    """Return the generated *blocks* that *text* has otherwise."""
    return ["block %r: run python pep/figures.py --write" % name
            for name in figures.differences(text, blocks)]


# ---- Commands -------------------------------------------------------

def commands(text):
    """Return the commands that *text* names, each once."""
    literals = re.findall(r"(?<!`)(`{1,2})((?:python|pytest|tox)\s[^`]+)\1",
                          text)
    return [*dict.fromkeys(re.sub(r"\s+", " ", command)
                           for _, command in literals)]


def run(command):
    """Run *command*; return what is wrong with it, or None."""
    name, *args = shlex.split(command)
    if name == "tox":
        # CI runs it; here it is enough that it exists.
        ini = (ROOT / "tox.ini").read_text(encoding="utf-8")
        listed = re.search(r"^env_list =\n((?: +.*\n)+)", ini,
                           re.MULTILINE)[1]
        missing = [each for each in args[args.index("-e") + 1].split(",")
                   if not re.search(r"^ +(py\{[\d, ]+\}-)?%s$" % each, listed,
                                    re.MULTILINE)]
        return "CI has no environment %s" % missing if missing else None
    program = [sys.executable] + (["-m", "pytest", "-q"] if name == "pytest"
                                  else [])
    environ = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    # Not with -m: that would put the source before the installed package.
    if name == "pytest":
        program = [sys.executable, "-c", "import sys, pytest; sys.path[:] = ["
                   "p for p in sys.path if p]; sys.exit(pytest.main())", "-q"]
    result = subprocess.run(program + args, cwd=ROOT, env=environ,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            encoding="utf-8", errors="replace",
                            timeout=SECONDS)
    if result.returncode:
        return "status %d\n%s" % (result.returncode, result.stdout[-2000:])
    return None


# ---- Rendering ------------------------------------------------------

CONF = '''
project = "PEPs"
extensions = ["sphinx.ext.extlinks"]
_github = "https://github.com/python/cpython/"
extlinks = {"cpython-issue": (_github + "issues/%s", "gh-%s"),
            "cpython-pr": (_github + "pull/%s", "GH-%s"),
            "pypi": ("https://pypi.org/project/%s/", "%s")}
nitpicky = True
# The inventory of the standard library would have to be fetched.
nitpick_ignore_regex = [
    ("py:.*", r"(logging|json|contextvars|datetime|time|traceback|collections|gc"
              r"|types|dataclasses)([.].*)?"),
    ("py:.*", r"repr|round|divmod"),
    ("py:.*", r"(Base)?Exception|[A-Z][A-Za-z]*(Error|Exit|Interrupt"
              r"|Warning)"),
]
'''


def as_document(text):
    """Return the PEP *text* with a title, as a page of its own."""
    headers, body = parts(text)
    values = dict(headers)
    title = "PEP %s: %s" % (values["PEP"], values["Title"])
    rule = "#" * len(title)
    fields = "\n".join(":%s: %s" % header for header in headers)
    return "%s\n%s\n%s\n\n%s\n\n%s" % (rule, title, rule, fields, body)


def render(texts, directory):
    """
    Render *texts*, a dict of names to PEPs, as HTML in *directory*.

    Return the warnings, an empty list if there are none.  Sphinx is
    needed.
    """
    from sphinx.application import Sphinx
    source = pathlib.Path(directory, "source")
    source.mkdir()
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    index = "PEPs\n####\n\n.. toctree::\n\n"
    for name, text in texts.items():
        index += "   %s\n" % name
        (source / (name + ".rst")).write_text(as_document(text),
                                              encoding="utf-8")
    (source / "index.rst").write_text(index, encoding="utf-8")
    warnings = io.StringIO()
    application = Sphinx(
        str(source), str(source), os.path.join(directory, "html"),
        os.path.join(directory, "trees"), "html", status=None,
        warning=warnings)
    application.build()
    return warnings.getvalue().splitlines()


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--commands", action="store_true")
    parser.add_argument("--render", action="store_true")
    options = parser.parse_args(argv)
    texts = {path.stem: path.read_text(encoding="utf-8")
             for path in figures.FILES}
    blocks = {name: make() for name, make in figures.BLOCKS.items()}
    problems = []
    for name, text in texts.items():
        found = check_form(text, int(name[-4:])) + check_figures(text, blocks)
        found += (check_specification(text) if name == "pep-9999"
                  else check_companion(text))
        problems += ["%s: %s" % (name, each) for each in found]
    if options.render:
        with tempfile.TemporaryDirectory() as directory:
            problems += render(texts, directory)
    if options.commands:
        discussion = PEP / "discussion.md"
        named = [text for text in texts.values()]
        if discussion.exists():
            named.append(discussion.read_text(encoding="utf-8"))
        for command in commands("\n".join(named)):
            print(command, flush=True)
            wrong = run(command)
            if wrong:
                problems.append("%s: %s" % (command, wrong))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
