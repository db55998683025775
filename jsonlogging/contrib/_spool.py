"""
Events on disk, until they are delivered; and those that never will be.

A spool is a directory that any number of processes may share.  Each writes
a part of its own: a SQLite database with a row for each batch.  A part
belongs to whoever holds the lock on the file beside it; the system gives
that up when a process ends, however it ends, and then another process can
take the part over.  A process's number would say nothing: in containers
every program is number 1.

SQLite, because a batch that was written half, a full disk, and a crash at
any moment are its trade.  In WAL mode a batch costs a few writes and no
wait for the disk: what was appended survives the death of the process,
not always that of the machine.  What SQLite does not do is checksums of
its content, so each row has one.

SQLite cannot be carried through a fork: before_fork() closes all
databases, and holds the lock of this object, so that no thread is within
SQLite when the process is copied.

Only files here: no thread, no network, and no logging.
"""

from __future__ import annotations

import contextlib, datetime, json, os, secrets, sqlite3, sys, threading
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Optional, Union

__all__ = ["DeadLetters", "Row", "SUFFIX", "Spool", "SpoolError",
           "SpoolFull", "lock_file"]

SUFFIX, LOCK, CORRUPT = ".spool", ".lock", ".corrupt"
MAX_ADOPTED = 16        # open at a time
# SQLite keeps the size of a file; one that has grown to so many bytes is
# replaced when it is empty.
MAX_EMPTY = 4 * 2**20
SCHEMA = ("CREATE TABLE IF NOT EXISTS batches (id INTEGER PRIMARY KEY, "
          "count INTEGER, again INTEGER, crc INTEGER, events BLOB)")
FIRST = ("SELECT id, count, again, crc, events FROM batches "
         "WHERE id > ? ORDER BY id")
LAST = ("SELECT id, count, again, crc, events FROM batches "
        "WHERE id < ? ORDER BY id DESC")

try:
    import fcntl
except ImportError:     # Windows
    import msvcrt


def lock_file(number: int) -> None:
    """Lock the open file *number*; OSError says that another one has."""
    if sys.platform == "win32":
        msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
    else:
        # Not lockf(): closing any other descriptor of the file in this
        # process would give up a lock of that kind.
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)


class SpoolError(Exception):
    """The spool cannot be used now: the disk is full or gone."""


class SpoolFull(Exception):
    """The spool holds as much as it may."""


class Damaged(Exception):
    """A part holds something else than what was written."""


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    """Make SQLite's errors ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise SpoolError("spool: %s" % error) from error
    except sqlite3.Error as error:
        raise Damaged(str(error)) from error


class Row:
    """
    A batch in the spool, up to *id*; *again*: it may have been sent before.
    """

    __slots__ = "part", "id", "events", "again"

    def __init__(self, part: _Part, id: int, events: list[bytes],
                 again: bool) -> None:
        self.part, self.id = part, id
        self.events, self.again = events, again

    @property
    def adopted(self) -> bool:
        return self.part.adopted


class _Part:
    """One file of batches, and the lock that makes it this process's."""

    def __init__(self, path: str, lock: int, adopted: bool) -> None:
        self.path, self.lock, self.adopted = path, lock, adopted
        self.database: Optional[sqlite3.Connection] = None
        self.count = self.size = 0      # events, and their bytes
        self.last_id = self.peak = 0
        # Rows up to this one are delivered, also those that a full disk
        # has not let us delete.
        self.done = 0

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """
        Execute one statement, a transaction.

        SpoolError is raised if that cannot be now, Damaged if it never
        will be.
        """
        with _errors():
            if self.database is None:
                # The thread is another when close() does the job.
                self.database = sqlite3.connect(
                    self.path, timeout=0, isolation_level=None,
                    check_same_thread=False)
                for pragma in ("locking_mode = EXCLUSIVE",
                               "journal_mode = WAL", "synchronous = NORMAL"):
                    self.database.execute("PRAGMA " + pragma)
                self.database.execute(SCHEMA)
            return self.database.execute(statement, values)

    def insert(self, events: list[bytes], again: bool, data: bytes) -> None:
        """Write a row of *events*, which are *data* when joined."""
        self.execute("INSERT INTO batches VALUES (?, ?, ?, ?, ?)",
                     self.last_id + 1, len(events), again, zlib.crc32(data),
                     data)
        self.last_id += 1
        self.count += len(events)
        self.size += len(data)
        self.peak = max(self.peak, self.size)

    def read(self, statement: str, value: int, count: int = 1,
             size: int = 1) -> Optional[Row]:
        """
        Return the first row that *statement* finds, if there is one.

        Those that follow are added to it, as many as there are until it
        has *count* events or *size* bytes.
        """
        cursor = self.execute(statement, value)
        row = None
        try:
            while count > 0 and size > 0:
                with _errors():
                    found = cursor.fetchone()
                if found is None:
                    break
                id, number, again, crc, data = found
                if not isinstance(data, bytes) or zlib.crc32(data) != crc:
                    raise Damaged("checksum of batch %s" % id)
                events = data.split(b"\n")
                if len(events) != number:
                    raise Damaged("size of batch %s" % id)
                again = bool(again) or self.adopted
                if row is None:
                    row = Row(self, id, events, again)
                elif row.again == again:
                    row.id = id
                    row.events += events
                else:
                    break
                count -= len(events)
                size -= len(data)
        except Damaged:
            if row is None:
                raise
            # What comes before it can be sent.
        finally:
            cursor.close()
        return row

    def salvage(self, but: int) -> Iterator[Row]:
        """Yield what can be read, from both ends, but for row *but*."""
        first, last = self.done, 2**63 - 1
        for statement in FIRST, LAST:
            while True:
                try:
                    row = self.read(statement, first if statement is FIRST
                                    else last)
                except (Damaged, SpoolError):
                    break
                if row is None or not first < row.id < last:
                    return
                if statement is FIRST:
                    first = row.id
                else:
                    last = row.id
                if row.id != but:
                    yield row

    def close(self) -> None:
        """Close the database; keep the lock."""
        database, self.database = self.database, None
        if database is not None:
            try:
                database.close()
            except sqlite3.Error:
                pass

    def files(self) -> list[str]:
        return [self.path + end for end in ("", "-wal", "-shm", "-journal")]

    def release(self, delete: bool) -> None:
        """Give the part up, and with *delete* its files."""
        self.close()
        if delete:
            for path in (*self.files(), self.path + LOCK):
                try:
                    os.unlink(path)
                except OSError:
                    pass
        os.close(self.lock)


class Spool:
    """
    The batches of this process, and those of dead ones, in order.

    *path* is the directory, which is created; *kind* says what an event
    is, as only parts of one kind are adopted; *max_bytes* is the most
    that the directory may hold.  OSError is raised if *path* cannot be
    used.

    An event is bytes without a newline.
    """

    def __init__(self, path: Union[str, os.PathLike[str]], kind: str,
                 max_bytes: int) -> None:
        self.path = os.path.abspath(os.fspath(path))
        self.kind = kind
        self.max_bytes = max_bytes
        os.makedirs(self.path, mode=0o700, exist_ok=True)
        if not os.access(self.path, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError("spool: no access to " + self.path)
        self._reset()

    def _reset(self) -> None:
        self._mutex = threading.RLock()
        self._locked = False
        self._own: Optional[_Part] = None
        self._adopted: list[_Part] = []
        self._under_way: Optional[Row] = None     # which first() returned
        self._faults: list[tuple[str, int, int, bool]] = []

    def faults(self) -> list[tuple[str, int, int, bool]]:
        """
        Return what was found damaged since the last call.

        Each is a message, the number of events that were there as far as
        is known, how many there are now in this process's part instead,
        and whether the former had been adopted.  A batch that first() has
        returned is in neither number.
        """
        with self._mutex:
            faults, self._faults = self._faults, []
            return faults

    def append(self, events: list[bytes]) -> bool:
        """
        Write a batch; return true.

        SpoolFull and SpoolError are raised if that cannot be.
        """
        with self._mutex:
            self._append(events, False)
        return True

    def _append(self, events: list[bytes], again: bool) -> None:
        data = b"\n".join(events)
        try:
            own = self._own_part()
            if not again and (own.size + self._foreign() + len(data)
                              > self.max_bytes):
                raise SpoolFull
            try:
                own.insert(events, again, data)
            except Damaged as error:
                self._set_aside(own, error)
                self._own_part().insert(events, again, data)
        except (OSError, Damaged) as error:
            raise SpoolError("spool: %s" % error) from error

    def first(self, count: int = 1, size: int = 1) -> Optional[Row]:
        """
        Return the batch that is to be sent next, or None.

        What was appended in small pieces is made a batch of *count*
        events, or *size* bytes.  SpoolError is raised if it cannot be
        read now.
        """
        problem = None
        with self._mutex:
            for part in self._parts():
                try:
                    if part.adopted or part.count:
                        self._under_way = part.read(FIRST, part.done, count,
                                                  size)
                        if self._under_way is not None:
                            return self._under_way
                    if part.adopted:
                        self._adopted.remove(part)
                        part.release(delete=True)
                except Damaged as error:
                    self._set_aside(part, error)
                    return self.first(count, size)
                except SpoolError as error:
                    problem = error     # of this part
        if problem is not None:
            raise problem
        return None

    def remove(self, row: Row) -> bool:
        """
        Delete the batch that first() has returned; return true.

        After a SpoolError it is still in the file, but returned no more.
        """
        with self._mutex:
            self._under_way = None
            part = row.part
            if part in self._parts():
                part.done = row.id
                part.count -= len(row.events)
                part.size -= _size(row.events)
                try:
                    part.execute("DELETE FROM batches WHERE id <= ?", row.id)
                except Damaged as error:
                    self._set_aside(part, error)
                else:
                    if (part is self._own and not part.count
                            and part.peak > MAX_EMPTY):
                        part.release(delete=True)
                        self._own = None
        return True

    def evict(self) -> int:
        """Delete the oldest batch that waits; return how many events."""
        with self._mutex:
            part = self._own
            if part is None:
                return 0
            after = part.done
            if self._under_way is not None and self._under_way.part is part:
                after = self._under_way.id
            try:
                row = part.read(FIRST, after)
                if row is None:
                    return 0
                part.execute("DELETE FROM batches WHERE id = ?", row.id)
            except Damaged as error:
                self._set_aside(part, error)
                return 0
            part.count -= len(row.events)
            part.size -= _size(row.events)
            return len(row.events)

    def adopt(self) -> int:
        """Take over parts of dead processes; return how many events."""
        count = 0
        with self._mutex:
            try:
                names = sorted(os.listdir(self.path))
            except OSError as error:
                raise SpoolError("spool: %s" % error) from error
            for name in names:
                if (name.startswith(self.kind + "-")
                        and name.endswith(SUFFIX)
                        and len(self._adopted) < MAX_ADOPTED):
                    try:
                        count += self._claim(os.path.join(self.path, name))
                    except SpoolError as error:     # another time
                        self._faults.append((str(error), 0, 0, True))
        return count

    def close(self) -> None:
        """Give all parts up; delete those that are empty."""
        with self._mutex:
            for part in self._parts():
                part.release(delete=not part.count)
            self._own, self._adopted = None, []

    # -- parts --------------------------------------------------------------

    def _parts(self) -> list[_Part]:
        return self._adopted + ([] if self._own is None else [self._own])

    def _own_part(self) -> _Part:
        """Return this process's part; create it if there is none."""
        if self._own is not None and not os.path.exists(self._own.path):
            # SQLite would go on with a file that nobody finds again.
            self._set_aside(self._own, Damaged("deleted"))
        if self._own is None:
            path = os.path.join(self.path, "%s-%s%s" % (
                self.kind, secrets.token_hex(8), SUFFIX))
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            lock = os.open(path + LOCK, flags, 0o600)
            try:
                lock_file(lock)
                # Else SQLite would make it readable for others.
                os.close(os.open(path, flags, 0o600))
            except BaseException:
                os.unlink(path + LOCK)
                os.close(lock)
                raise
            self._own = _Part(path, lock, adopted=False)
        return self._own

    def _claim(self, path: str) -> int:
        """Adopt the part at *path* if it is nobody's; return its events."""
        try:
            lock = os.open(path + LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            return 0
        try:
            lock_file(lock)
            # Its owner may have deleted it just now.
            if not os.path.samestat(os.fstat(lock), os.stat(path + LOCK)):
                raise FileNotFoundError(path)
            os.stat(path)
        except OSError:
            os.close(lock)
            return 0
        part = _Part(path, lock, adopted=True)
        self._adopted.append(part)
        try:
            cursor = part.execute(
                "SELECT COALESCE(SUM(count), 0), COALESCE(SUM(LENGTH("
                "events)), 0), COALESCE(MAX(id), 0) FROM batches")
            with _errors():
                part.count, part.size, part.last_id = cursor.fetchone()
        except Damaged as error:
            self._set_aside(part, error)
        except SpoolError:
            self._adopted.remove(part)
            part.release(delete=False)
            raise
        return part.count

    def _foreign(self) -> int:
        """Return how many bytes the other parts in the directory take."""
        own = "" if self._own is None else os.path.basename(self._own.path)
        size = 0
        with os.scandir(self.path) as entries:
            for entry in entries:
                name = entry.name
                if SUFFIX in name and not (own and name.startswith(own)):
                    try:
                        size += entry.stat().st_size
                    except OSError:
                        pass    # just deleted
        return size

    def _set_aside(self, part: _Part, error: Exception) -> None:
        """Rename a damaged part; take over what can be read of it."""
        if part is self._own:
            self._own = None
        else:
            self._adopted.remove(part)
        current = 0
        count = part.count
        if self._under_way is not None and self._under_way.part is part:
            current = self._under_way.id
            count -= len(self._under_way.events)
        message = "spool: %s is damaged (%s)" % (part.path, error)
        saved = 0
        try:
            for row in part.salvage(current):
                self._append(row.events, True)
                saved += len(row.events)
        except SpoolError as problem:
            message += "; %s" % problem
        part.close()
        for path in part.files():
            try:
                os.replace(path, path.replace(SUFFIX, CORRUPT, 1))
            except FileNotFoundError:
                pass
            except OSError as problem:
                message += "; %s" % problem
        part.release(delete=False)
        self._faults.append((message, count, saved, part.adopted))

    # -- fork ---------------------------------------------------------------

    def before_fork(self) -> None:
        """Close what a forked child could harm, and let nobody open it."""
        # A disk that hangs shall not stop the fork.
        self._locked = self._mutex.acquire(timeout=1)
        if self._locked:
            for part in self._parts():
                part.close()

    def after_fork(self) -> None:
        """In the parent: go on."""
        if self._locked:
            self._locked = False
            self._mutex.release()

    def forget(self) -> None:
        """In the child: leave the parts to the parent."""
        for part in self._parts():
            if part.database is not None:
                _keep_for_ever(part.database)
            os.close(part.lock)
        self._reset()


def _size(events: list[bytes]) -> int:
    return sum(map(len, events)) + len(events) - 1


def _keep_for_ever(database: sqlite3.Connection) -> None:
    """
    Let nobody close *database*, not even the end of the interpreter.

    It is the parent's, and the child got a copy because it was forked by
    something that calls no hooks.  To close it would be to work on files
    that the parent goes on using.
    """
    try:
        import ctypes
    except ImportError:
        return
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(database))


class DeadLetters:
    """
    A file of events that were refused for ever, one JSON object a line.

    It is created when the first is written, for its owner's eyes only,
    and grows to *max_bytes*.
    """

    def __init__(self, path: Union[str, os.PathLike[str]],
                 max_bytes: int) -> None:
        self.path, self.max_bytes = os.path.abspath(os.fspath(path)), max_bytes

    def write(self, letters: list[dict[str, str]]) -> int:
        """
        Append *letters*; return how many are in the file now.

        They get the key "time".  OSError is raised if none could be.
        """
        time = datetime.datetime.now(datetime.timezone.utc).isoformat(
            timespec="milliseconds").replace("+00:00", "Z")
        lines = [json.dumps({"time": time, **letter}).encode() + b"\n"
                 for letter in letters]
        number = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND,
                         0o600)
        try:
            size = os.fstat(number).st_size
            # What a full disk or a crash has cut short stays alone.
            torn = (size and os.lseek(number, size - 1, os.SEEK_SET) >= 0
                    and os.read(number, 1) != b"\n")
            data = b"\n" if torn else b""
            done = 0
            for line in lines:
                if size + len(data) + len(line) > self.max_bytes:
                    break
                data += line
                done += 1
            if not done:
                raise OSError("%s has reached dead_letters_bytes" % self.path)
            written = os.write(number, data)
            if written < len(data):
                done = max(0, data[:written].count(b"\n") - bool(torn))
            return done
        finally:
            os.close(number)

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the letters; skip what is none."""
        with open(self.path, encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    letter = json.loads(line)
                except ValueError:
                    continue
                if isinstance(letter, dict):
                    yield letter
