"""Wheel and sdist, as the build backend makes them."""

import email.parser
import importlib.util
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = "jsonlogging_backport"
SDIST_FOLDERS = ("benchmarks", "docs", "examples", "jsonlogging", "pep",
                 "tests")
SDIST_FILES = {"LICENSE", "PKG-INFO", "README.md", "pyproject.toml",
               "tox.ini"}
PACKAGE_SUFFIXES = {".py", ".pyi", ".typed"}


def build(hook, source, target):
    """Call the backend's *hook* in *source*, return the file it made."""
    code = (f"import flit_core.buildapi as backend, sys; "
            f"print(backend.{hook}(sys.argv[1]))")
    # The same input gives the same bytes.
    environ = dict(os.environ, SOURCE_DATE_EPOCH="1700000000")
    name = subprocess.check_output([sys.executable, "-c", code, target],
                                   cwd=source, env=environ, encoding="utf-8")
    return pathlib.Path(target, name.splitlines()[-1])


def source_files(*folders):
    """Return the files in *folders* that a clean checkout would have."""
    found = set()
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            relative = path.relative_to(ROOT)
            if (path.is_file() and "__pycache__" not in relative.parts
                    and relative.parts[:2] != ("docs", "_build")):
                found.add(relative.as_posix())
    return found


@unittest.skipUnless(importlib.util.find_spec("flit_core"),
                     "needs flit_core, the build backend")
class PackagingTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.wheel = build("build_wheel", ROOT, cls.folder)
        cls.sdist = build("build_sdist", ROOT, cls.folder)
        with zipfile.ZipFile(cls.wheel) as wheel:
            cls.wheel_names = set(wheel.namelist())
            cls.info = cls.wheel.name.rpartition("-py3-")[0] + ".dist-info"
            cls.metadata = email.parser.BytesParser().parsebytes(
                wheel.read(cls.info + "/METADATA"))
        with tarfile.open(cls.sdist) as sdist:
            cls.members = sdist.getmembers()

    def test_wheel_files(self):
        """The wheel holds the package, its stubs and its metadata."""
        package = source_files("jsonlogging")
        self.assertLessEqual(
            {"jsonlogging/__init__.py", "jsonlogging/__init__.pyi",
             "jsonlogging/formatters.pyi", "jsonlogging/py.typed"}, package)
        self.assertEqual(
            package | {f"{self.info}/{name}" for name in
                       ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")},
            self.wheel_names)

    def test_package_files(self):
        """Nothing but modules, stubs and py.typed is in the package."""
        for name in source_files("jsonlogging"):
            path = pathlib.PurePath(name)
            self.assertTrue(path.suffix in PACKAGE_SUFFIXES
                            or path.name == "py.typed", name)

    def test_wheel_is_for_every_platform(self):
        """One wheel serves every Python 3 and platform."""
        self.assertEqual(f"{NAME}-{self.metadata['Version']}-py3-none-any.whl",
                         self.wheel.name)

    def test_sdist_files(self):
        """The sdist holds all that the tests and the docs need."""
        top = f"{NAME}-{self.metadata['Version']}/"
        names = {member.name[len(top):] for member in self.members}
        self.assertTrue(all(member.name.startswith(top) and member.isfile()
                            for member in self.members))
        self.assertEqual(source_files(*SDIST_FOLDERS) | SDIST_FILES, names)

    def test_sdist_builds_the_wheel(self):
        """The wheel built from the sdist is the same, byte for byte."""
        target = self.folder / "again"
        target.mkdir()
        with tarfile.open(self.sdist) as sdist:
            if hasattr(tarfile, "data_filter"):
                sdist.extraction_filter = tarfile.data_filter
            sdist.extractall(target)
        source = target / self.sdist.name[:-len(".tar.gz")]
        wheel = build("build_wheel", source, target)
        self.assertEqual(self.wheel.name, wheel.name)
        self.assertEqual(self.wheel.read_bytes(), wheel.read_bytes())

    def test_metadata(self):
        """The metadata says what is installed, and by what licence."""
        expected = {
            "Name": "jsonlogging-backport",
            "Requires-Python": ">=3.9",
            "License-Expression": "PSF-2.0",
            "License-File": "LICENSE",
            "Description-Content-Type": "text/markdown",
        }
        self.assertEqual(expected,
                         {name: self.metadata[name] for name in expected})
        self.assertRegex(self.metadata["Version"], r"^\d+\.\d+\.\d+$")
        self.assertGreaterEqual(self.metadata["Metadata-Version"], "2.4")
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        description = self.metadata.get_payload(decode=True).decode("utf-8")
        self.assertEqual(readme.rstrip(), description.rstrip())

    def test_no_dependencies(self):
        """Nothing is installed besides the package."""
        for name in "Requires-Dist", "Provides-Extra", "Requires-External":
            self.assertIsNone(self.metadata[name])

    def test_classifiers(self):
        """The classifiers name the Pythons that tox runs, and no licence."""
        classifiers = self.metadata.get_all("Classifier")
        self.assertIn("Typing :: Typed", classifiers)
        self.assertEqual([], [name for name in classifiers
                              if name.startswith("License ::")])
        tox = (ROOT / "tox.ini").read_text(encoding="utf-8")
        minors = re.search(r"^    py\{(.*)\}$", tox, re.MULTILINE)[1]
        self.assertEqual(
            [f"3.{minor.strip()[1:]}" for minor in minors.split(",")],
            [name.rpartition(" ")[2] for name in classifiers
             if re.search(r"Python :: 3\.\d+$", name)])


if __name__ == "__main__":
    unittest.main()
