"""The spool: what is in it stays in it, whatever happens."""

import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import textwrap
import unittest
from unittest import mock

from hypothesis import settings, strategies
from hypothesis.stateful import (Bundle, RuleBasedStateMachine, initialize,
                                 invariant, rule)

import jsonlogging
from jsonlogging.contrib import _spool
from jsonlogging.contrib._spool import (DeadLetters, Spool, SpoolError,
                                        SpoolFull)


def drain(spool):
    """Return all events that *spool* has, and remove them."""
    events = []
    while True:
        row = spool.first()
        if row is None:
            return events
        events += row.events
        spool.remove(row)


class SpoolTestCase(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, "spool")

    def spool(self, kind="test", max_bytes=10**9):
        spool = Spool(self.path, kind, max_bytes)
        self.addCleanup(spool.close)
        return spool

    def crash(self, spool):
        """Make the folder what a kill -9 of *spool*'s process leaves."""
        copy = self.path.with_name("copy")
        shutil.copytree(self.path, copy)
        spool.close()
        shutil.rmtree(self.path)
        copy.rename(self.path)

    def files(self, pattern="*"):
        return sorted(path.name for path in self.path.glob(pattern))


class SpoolTests(SpoolTestCase):

    def test_first_in_first_out(self):
        """Batches come back in order, and are there until removed."""
        spool = self.spool()
        batches = [[b"a", b"b"], [b"c"], [b"d", b"", b"f"]]
        for batch in batches:
            self.assertTrue(spool.append(batch))
        for batch in batches:
            self.assertEqual(spool.first().events, batch)
            row = spool.first()
            self.assertEqual(row.events, batch)
            self.assertFalse(row.adopted or row.again)
            spool.remove(row)
        self.assertIsNone(spool.first())

    def test_small_batches_are_joined(self):
        """What was appended in small pieces is read in large ones."""
        spool = self.spool()
        for number in range(100):
            spool.append([b"%02d" % number, b"x"])
        self.assertEqual(len(spool.first(30, 10**6).events), 30)
        self.assertEqual(len(spool.first(31, 10**6).events), 32)
        self.assertEqual(len(spool.first(10**6, 40).events), 20)
        row = spool.first(51, 10**6)
        self.assertEqual(row.events[::2], [b"%02d" % n for n in range(26)])
        self.assertEqual(spool.evict(), 2)
        spool.remove(row)
        row = spool.first(10**6, 10**6)
        self.assertEqual(row.events[::2],
                         [b"%02d" % n for n in range(27, 100)])
        spool.remove(row)
        self.assertIsNone(spool.first(10**6, 10**6))
        spool.close()
        self.assertEqual(self.files(), [])

    def test_nothing_is_left(self):
        """An empty spool leaves no files; none are made for no events."""
        spool = self.spool()
        self.assertIsNone(spool.first())
        self.assertEqual(self.files(), [])
        spool.append([b"a"])
        self.assertTrue(self.files())
        drain(spool)
        spool.close()
        self.assertEqual(self.files(), [])

    def test_adopted_after_close(self):
        """What a closed spool holds is adopted by the next."""
        first = self.spool()
        first.append([b"a"])
        first.append([b"b", b"c"])
        first.close()
        second = self.spool()
        second.append([b"d"])
        self.assertEqual(second.adopt(), 3)
        row = second.first()
        self.assertTrue(row.adopted and row.again)
        self.assertEqual(drain(second), [b"a", b"b", b"c", b"d"])
        second.close()
        self.assertEqual(self.files(), [])

    def test_adopted_after_crash(self):
        """So is what a process that was killed has left."""
        first = self.spool()
        first.append([b"a"])
        first.append([b"b"])
        first.remove(first.first())
        self.crash(first)
        self.assertTrue(self.files("*-wal"), "nothing to recover")
        second = self.spool()
        self.assertEqual(second.adopt(), 1)
        self.assertEqual(drain(second), [b"b"])

    def test_living_owner(self):
        """The part of a living owner is not adopted, of none is twice."""
        first, second, third = self.spool(), self.spool(), self.spool()
        first.append([b"a"])
        self.assertEqual(second.adopt(), 0)
        first.close()
        self.assertEqual(second.adopt(), 1)
        self.assertEqual(third.adopt(), 0)
        self.assertEqual(second.adopt(), 0)

    def test_kinds(self):
        """Only parts of one's own kind are adopted."""
        first = self.spool("kind1")
        first.append([b"a"])
        first.close()
        self.assertEqual(self.spool("kind").adopt(), 0)
        self.assertEqual(self.spool("kind1").adopt(), 1)

    def test_many_orphans(self):
        """Many parts are adopted, some at a time."""
        for number in range(20):
            spool = self.spool()
            spool.append([b"%d" % number])
            spool.close()
        spool = self.spool()
        found = []
        self.assertEqual(spool.adopt(), 16)
        found += drain(spool)
        self.assertEqual(spool.adopt(), 4)
        found += drain(spool)
        self.assertEqual(sorted(found), sorted(
            b"%d" % number for number in range(20)))

    @unittest.skipUnless(os.name == "posix", "needs modes of files")
    def test_modes(self):
        """Folder and files are for their owner's eyes only."""
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        spool = self.spool()
        spool.append([b"a"])
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o700)
        self.assertGreaterEqual(len(self.files()), 3)
        for path in self.path.iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)

    def test_path_that_cannot_be(self):
        """A path that is a file is an error at configuration time."""
        self.path.write_bytes(b"")
        with self.assertRaises(OSError):
            self.spool()

    def test_path_is_settled_at_once(self):
        """A relative path stays what it was when the folder changes."""
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.path.parent)
        spool = Spool("spool", "test", 10**6)
        self.addCleanup(spool.close)
        os.chdir("/")
        spool.append([b"a"])
        self.assertTrue(self.files())


class LimitTests(SpoolTestCase):

    def test_full(self):
        """A spool that holds max_bytes refuses, until something leaves."""
        spool = self.spool(max_bytes=1000)
        for _ in range(10):
            spool.append([b"x" * 100])
        with self.assertRaises(SpoolFull):
            spool.append([b"x"])
        spool.remove(spool.first())
        spool.append([b"x" * 100])

    def test_foreign_parts_count(self):
        """The limit is that of the folder, not of a process."""
        first, second = self.spool(), self.spool(max_bytes=100_000)
        for _ in range(20):
            first.append([b"x" * 10_000])
        with self.assertRaises(SpoolFull):
            second.append([b"x"])
        drain(first)
        first.close()
        second.append([b"x"])

    def test_file_shrinks(self):
        """What leaves gives its room on the disk back, in the end."""
        spool = self.spool()
        for _ in range(100):
            spool.append([b"x" * 100_000])
        drain(spool)
        for _ in range(50):
            spool.append([b"x" * 100_000])
            drain(spool)
        size = sum(path.stat().st_size for path in self.path.iterdir())
        self.assertLess(size, 6_000_000)

    def test_evict(self):
        """The oldest batch that waits is evicted, not the one under way."""
        spool = self.spool()
        for event in (b"a", b"b", b"c"):
            spool.append([event, event])
        row = spool.first()
        self.assertEqual(spool.evict(), 2)
        spool.remove(row)
        self.assertEqual(drain(spool), [b"c", b"c"])
        self.assertEqual(spool.evict(), 0)


class FaultTests(SpoolTestCase):

    def damage(self, pattern, change):
        path, = self.path.glob(pattern)
        data = bytearray(path.read_bytes())
        change(data)
        path.write_bytes(data)

    def orphan(self, count=30):
        """Leave a part with *count* large batches in the main file."""
        spool = self.spool()
        for number in range(count):
            spool.append([b"%03d" % number + b"x" * 20_000])
        spool.close()
        return [b"%03d" % number for number in range(count)]

    def read(self, spool):
        return [event[:3] for event in drain(spool)]

    def test_disk_full(self):
        """A full disk is an error, and what was there stays."""
        spool = self.spool()
        spool.append([b"a"])
        pages, = spool._own.execute("PRAGMA page_count").fetchone()
        spool._own.execute("PRAGMA max_page_count = %d" % (pages + 1))
        with self.assertRaises(SpoolError) as caught:
            spool.append([b"x" * 100_000])
        self.assertIn("full", str(caught.exception))
        self.assertEqual(spool.faults(), [])
        self.assertEqual(drain(spool), [b"a"])

    def test_no_room_to_delete(self):
        """What cannot be deleted is not delivered twice, but is after all
        deleted.
        """
        spool = self.spool()
        for event in (b"a", b"b"):
            spool.append([event])
        part = spool._own
        execute = part.execute

        def fail(statement, *values):
            if statement.startswith("DELETE"):
                raise SpoolError("full")
            return execute(statement, *values)

        with mock.patch.object(part, "execute", fail):
            with self.assertRaises(SpoolError):
                spool.remove(spool.first())
            self.assertEqual(spool.first().events, [b"b"])
        spool.remove(spool.first())
        spool.close()
        self.assertEqual(self.files(), [])

    def test_not_a_database(self):
        """A file that is none is set aside, and the rest delivered."""
        expected = self.orphan(3)
        self.damage("*.spool", lambda data: data.__setitem__(
            slice(0, 100), os.urandom(100)))
        other = self.spool()
        other.append([b"other"])
        other.close()
        spool = self.spool()
        self.assertEqual(spool.adopt(), 1)
        (message, count, saved, adopted), = spool.faults()
        self.assertIn("is damaged", message)
        self.assertEqual((count, saved, adopted), (0, 0, True))
        self.assertEqual(drain(spool), [b"other"])
        self.assertEqual(len(self.files("*.corrupt")), 1)
        del expected

    def test_changed_content(self):
        """A batch that was changed on disk is set aside, others delivered.
        """
        expected = self.orphan()
        self.damage("*.spool", lambda data: data.__setitem__(
            slice(data.index(b"007xx") + 100, data.index(b"007xx") + 110),
            b"yyyyyyyyyy"))
        spool = self.spool()
        self.assertEqual(spool.adopt(), 30)
        expected.remove(b"007")
        self.assertEqual(sorted(self.read(spool)), expected)
        (message, count, saved, adopted), = spool.faults()
        self.assertIn("checksum", message)
        self.assertEqual(count - saved, 1)
        self.assertEqual(len(self.files("*.corrupt")), 1)

    def test_damage_anywhere(self):
        """Whatever bytes are lost, the rest of the events comes back."""
        self.orphan()
        name, = self.files("*.spool")
        whole = (self.path / name).read_bytes()
        for page in range(0, len(whole) // 4096, 7):
            with self.subTest(page=page):
                shutil.rmtree(self.path)
                self.path.mkdir()
                start = page * 4096
                (self.path / name).write_bytes(
                    whole[:start] + os.urandom(4096) + whole[start + 4096:])
                spool = self.spool()
                spool.adopt()
                found = self.read(spool)
                self.assertEqual(len(found), len(set(found)))
                if page > 3:    # else the header or the root of the table
                    self.assertGreaterEqual(len(found), 25)
                self.assertTrue(spool.faults() or len(found) == 30)
                spool.close()

    def test_cut_anywhere(self):
        """A file that was cut is set aside; what is left comes back."""
        self.orphan()
        name, = self.files("*.spool")
        whole = (self.path / name).read_bytes()
        for size in range(0, len(whole), 70_001):
            with self.subTest(size=size):
                shutil.rmtree(self.path)
                self.path.mkdir()
                (self.path / name).write_bytes(whole[:size])
                spool = self.spool()
                spool.adopt()
                found = self.read(spool)
                self.assertEqual(len(found), len(set(found)))
                spool.close()

    def test_torn_last_write(self):
        """Of a log cut anywhere, all batches but the torn ones come back."""
        spool = self.spool()
        for number in range(20):
            spool.append([b"%03d" % number + b"x" * 5000])
        self.crash(spool)
        name, = self.files("*-wal")
        whole = (self.path / name).read_bytes()
        snapshot = {path.name: path.read_bytes()
                    for path in self.path.iterdir()}
        before = -1
        for size in range(0, len(whole), 6007):
            shutil.rmtree(self.path)
            self.path.mkdir()
            for other, data in snapshot.items():
                (self.path / other).write_bytes(data)
            (self.path / name).write_bytes(whole[:size])
            spool = self.spool()
            spool.adopt()
            found = self.read(spool)
            self.assertEqual(found, [b"%03d" % x for x in range(len(found))])
            self.assertGreaterEqual(len(found), before)
            before = len(found)
            spool.close()
        self.assertGreaterEqual(before, 18)

    def test_own_part_is_damaged(self):
        """If a process's own part goes bad, it begins another one."""
        spool = self.spool()
        for number in range(3):
            spool.append([b"%d" % number])
        row = spool.first()
        with mock.patch.object(spool._own, "insert",
                               side_effect=_spool.Damaged("bad page")):
            spool.append([b"new"])
        (message, count, saved, adopted), = spool.faults()
        self.assertEqual((count, saved, adopted), (2, 2, False))
        spool.remove(row)
        self.assertEqual(drain(spool), [b"1", b"2", b"new"])

    def test_folder_vanishes(self):
        """Without its folder the spool is an error, and then works again."""
        spool = self.spool()
        shutil.rmtree(self.path)
        with self.assertRaises(SpoolError):
            spool.append([b"a"])
        with self.assertRaises(SpoolError):
            spool.adopt()
        self.path.mkdir()
        spool.append([b"a"])
        self.assertEqual(drain(spool), [b"a"])


    def test_files_vanish(self):
        """When somebody deletes the files, what they held is written anew.
        """
        spool = self.spool()
        for event in (b"a", b"b"):
            spool.append([event])
        for path in self.path.iterdir():
            path.unlink()
        spool.append([b"c"])
        (message, count, saved, _), = spool.faults()
        self.assertIn("deleted", message)
        self.assertEqual((count, saved), (2, 2))
        self.assertTrue(self.files("*.spool"))
        self.assertEqual(drain(spool), [b"a", b"b", b"c"])

    def test_one_orphan_cannot_be_read(self):
        """An orphan that cannot be opened now keeps no other back."""
        for event in (b"a", b"b"):
            spool = self.spool()
            spool.append([event])
            spool.close()
        first, second = self.files("*.spool")
        spool = self.spool()
        database = sqlite3.connect(self.path / first, isolation_level=None)
        database.execute("BEGIN EXCLUSIVE")
        self.assertEqual(spool.adopt(), 1)
        (message, count, saved, _), = spool.faults()
        self.assertIn("locked", message)
        self.assertEqual((count, saved), (0, 0))
        database.close()
        self.assertEqual(spool.adopt(), 1)
        self.assertEqual(sorted(drain(spool)), [b"a", b"b"])


class ProcessTests(SpoolTestCase):

    def run_python(self, code, *args, status=0):
        env = dict(os.environ, PYTHONPATH=str(
            pathlib.Path(jsonlogging.__file__).parent.parent))
        result = subprocess.run(
            [sys.executable, "-B", "-c",
             "import os, sys\n"
             "from jsonlogging.contrib._spool import *\n"
             + textwrap.dedent(code), str(self.path), *args],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            timeout=60)
        self.assertEqual(result.returncode, status, result.stderr.decode())
        return result.stdout.decode()

    def test_killed(self):
        """After os._exit() in the middle the rest is there."""
        self.run_python("""
            spool = Spool(sys.argv[1], "test", 10**9)
            for number in range(10):
                spool.append([b"%d" % number])
                if number == 5:
                    spool.remove(spool.first())
            os._exit(7)
        """, status=7)
        spool = self.spool()
        self.assertEqual(spool.adopt(), 9)
        self.assertEqual(drain(spool), [b"%d" % x for x in range(1, 10)])

    @unittest.skipUnless(sys.platform == "linux", "needs RLIMIT_FSIZE")
    def test_real_lack_of_room(self):
        """When files cannot grow, append() fails and the rest is there."""
        output = self.run_python("""
            import resource, signal
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
            spool = Spool(sys.argv[1], "test", 10**9)
            done = 0
            try:
                while True:
                    spool.append([b"%05d" % done + b"x" * 1000])
                    done += 1
            except SpoolError as error:
                print(done)
            for number in range(done):
                row = spool.first()
                assert row.events[0][:5] == b"%05d" % number
                try:
                    spool.remove(row)
                except SpoolError:
                    pass
            assert spool.first() is None
        """)
        self.assertGreater(int(output), 20)

    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_fork(self):
        """A fork harms no part; the child's is another."""
        output = self.run_python("""
            spool = Spool(sys.argv[1], "test", 10**9)
            os.register_at_fork(before=spool.before_fork,
                                after_in_parent=spool.after_fork,
                                after_in_child=spool.forget)
            for number in range(20):
                spool.append([b"parent %d" % number])
                if os.fork() == 0:
                    assert spool.first() is None
                    # Other children's, but not the living parent's.
                    spool.adopt()
                    while spool._adopted:
                        row = spool.first()
                        if row is None:
                            break
                        assert b"child" in row.events[0], row.events
                        spool.remove(row)
                    spool.append([b"child %d" % number])
                    spool.close()
                    os._exit(0)
                assert os.wait()[1] == 0
            print(spool.adopt())
            found = []
            while True:
                row = spool.first()
                if row is None:
                    break
                found += row.events
                spool.remove(row)
            print(len(found), found[0], found[1])
        """)
        self.assertEqual(output, "1\n21 b'child 19' b'parent 0'\n")


    @unittest.skipUnless(hasattr(os, "fork"), "needs fork")
    def test_fork_without_hooks(self):
        """A fork by C code harms no part either, though it is open."""
        self.run_python("""
            import ctypes
            spool = Spool(sys.argv[1], "test", 10**9)
            spool.append([b"a"])
            child = ctypes.PyDLL(None).fork()
            if child == 0:
                spool.forget()
                sys.exit()      # with all that the interpreter does then
            assert os.waitpid(child, 0)[1] == 0
            spool.append([b"b"])
            os._exit(0)
        """)
        spool = self.spool()
        self.assertEqual(spool.adopt(), 2)
        self.assertEqual(drain(spool), [b"a", b"b"])


class Machine(RuleBasedStateMachine):
    """A spool, with closes and crashes, against a list."""

    batches = Bundle("batches")
    events = strategies.lists(strategies.binary(max_size=30).map(
        lambda data: data.replace(b"\n", b"")), min_size=1, max_size=4)

    @initialize()
    def start(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "spool")
        self.spool = Spool(self.path, "test", 10**9)
        self.own, self.adopted = [], []

    def reopen(self):
        self.spool = Spool(self.path, "test", 10**9)
        # Adopted parts come in the order of their names, which are random.
        self.adopted, self.own = [*self.adopted, *self.own], []
        count = self.spool.adopt()
        assert count == sum(map(len, self.adopted))

    @rule(events=events)
    def append(self, events):
        self.spool.append(events)
        self.own.append(events)

    @rule()
    def deliver(self):
        row = self.spool.first()
        if row is None:
            assert not self.own and not self.adopted
            return
        batches = self.adopted if row.adopted else self.own
        if row.adopted:
            assert row.events in batches
        else:
            assert row.events == batches[0] and not self.adopted
        batches.remove(row.events)
        assert self.spool.first().events == row.events
        self.spool.remove(row)

    @rule()
    def evict(self):
        count = self.spool.evict()
        assert count == (len(self.own.pop(0)) if self.own else 0)

    @rule()
    def close(self):
        self.spool.close()
        self.reopen()

    @rule()
    def crash(self):
        copy = self.path + ".copy"
        shutil.copytree(self.path, copy)
        self.spool.close()
        shutil.rmtree(self.path)
        os.rename(copy, self.path)
        self.reopen()

    @invariant()
    def no_faults(self):
        if hasattr(self, "spool"):
            assert self.spool.faults() == []

    def teardown(self):
        if hasattr(self, "spool"):
            self.spool.close()
            self.folder.cleanup()


MachineTests = Machine.TestCase
# Each step writes files.
MachineTests.settings = settings(
    settings(), max_examples=settings().max_examples // 5,
    stateful_step_count=20)


class DeadLetterTests(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name, "dead")

    def test_round_trip(self):
        """What was written is read, with a time."""
        letters = DeadLetters(self.path, 10**6)
        self.assertEqual(letters.write([{"event": "a\u00e9\n"},
                                        {"event": "b"}]), 2)
        self.assertEqual(letters.write([{"event": "c"}]), 1)
        found = list(letters.read())
        self.assertEqual([x["event"] for x in found], ["a\u00e9\n", "b", "c"])
        self.assertRegex(found[0]["time"],
                         r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

    def test_limit(self):
        """No letter goes over the limit, and none is written in part."""
        letters = DeadLetters(self.path, 200)
        self.assertEqual(letters.write([{"event": "x" * 60}] * 5), 1)
        with self.assertRaises(OSError):
            letters.write([{"event": "x" * 60}])
        self.assertEqual(len(list(letters.read())), 1)

    def test_torn(self):
        """A letter that was cut short spoils no other."""
        letters = DeadLetters(self.path, 10**6)
        letters.write([{"event": "a"}])
        with open(self.path, "ab") as file:
            file.write(b'{"event": "b')
        letters.write([{"event": "c"}])
        self.assertEqual([x["event"] for x in letters.read()], ["a", "c"])

    def test_short_write(self):
        """What a full disk has cut short does not count as written."""
        letters = DeadLetters(self.path, 10**6)
        write = os.write
        with mock.patch.object(os, "write", lambda number, data: write(
                number, data[:len(data) - 3])):
            self.assertEqual(letters.write([{"event": "a"}] * 3), 2)
        with contextlib.suppress(ValueError):
            json.loads(self.path.read_text("utf-8").splitlines()[-1])
            self.fail("nothing was cut")
        letters.write([{"event": "b"}])
        self.assertEqual([x["event"] for x in letters.read()],
                         ["a", "a", "b"])


if __name__ == "__main__":
    unittest.main()
