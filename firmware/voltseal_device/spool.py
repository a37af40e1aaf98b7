"""The spool: what the gateway has not yet confirmed to have stored, in files, oldest first.

Owns the directory of segments (see `segment`). What `append` returned for survives a power cut; a message leaves only
on a receipt, or declared, to make room. Memory holds one index entry a segment and one message at a time.

Crash notes, step by step:
- append: a torn tail is not counted at the next boot; its number was reserved and is declared as unused.
- a new segment: a file without a sound header is removed at boot; the segment before it still stands, because segments
  are removed only from the oldest end, one at a time, and the newest never.
- dropping: the loss is recorded before the file goes; a cut in between is finished at boot (see `recovery`).
"""

from . import segment as segments
from .losses import SPOOL_DAMAGED, SPOOL_FULL
from .port import is_absent
from .segment import MAX_RECORDS, RECORD_HEAD_BYTES, Segment
from .sequence import NO_HEAD, Head


class Spool:
    """Append, read in order, forget on receipt."""

    def __init__(self, files, directory: str, losses, max_bytes: int, segment_bytes: int) -> None:
        """`max_bytes` must hold at least four segments and four of the longest messages; `config` sees to that."""
        self._files = files
        self._directory = directory
        self.losses = losses
        self._max_bytes = max_bytes
        self._segment_bytes = segment_bytes
        self._segments = []
        self._active = None
        self._cursor = (-1, 0, 0)  # segment's first number, record index, offset: where the last read ended
        self.head = NO_HEAD
        self.boot_count = 0

    def recovered(self, found: list, head: Head, boot_count: int) -> None:
        """Take over what `recovery` found in the directory, oldest first. Once, before anything else."""
        self._segments = found
        self.head = head
        self.boot_count = boot_count

    def append(self, sequence: int, message: bytes, boot_count: int, digest: bytes) -> None:
        """Keep a message. Durable when it returns. Raises OSError if the file system refuses; nothing is kept then."""
        record_head = segments.record_head(message)
        size = len(record_head) + len(message)
        self._make_room(size)
        head = Head(sequence, digest)  # now, so that a lack of memory cannot strike between writing and counting
        active = self._active
        if (
            active is None
            or active.size + size > self._segment_bytes
            or active.count == MAX_RECORDS
            or active.last() + 1 != sequence
        ):
            active = Segment(sequence)
            self._active = None
        try:
            self._write(active, boot_count, record_head, message)
        except OSError:
            self._active = None  # its tail may be torn: the next record goes into a new file
            if not active.count:
                self._files.remove(self._path(active.name()))
            raise
        active.count += 1
        active.size += size
        if self._active is None:
            self._active = active
            self._segments.append(active)
        self.head = head
        self._forget()

    def next_pending(self, after: int) -> tuple | None:
        """The oldest (sequence, message) with a number above `after` that needs sending, or None.

        A record that cannot be read is recorded as lost and skipped.
        """
        for segment in self._segments:
            for index in range(max(0, after + 1 - segment.first), segment.count):
                if not segment.done >> index & 1:
                    message = self._read(segment, index)
                    if message is not None:
                        return segment.first + index, message
        return None

    def receipt(self, first: int, last: int) -> int:
        """The gateway has the statements first..last. Returns how many of them were still pending."""
        marked = 0
        for segment in self._segments:
            marked += segment.mark(first, last)
        self.losses.receipted(first, last)
        self._forget()
        return marked

    def is_pending(self, sequence: int) -> bool:
        """Whether this number is in the spool and needs sending."""
        for segment in self._segments:
            if segment.first <= sequence <= segment.last():
                return not segment.done >> sequence - segment.first & 1
        return False

    def pending_count(self) -> int:
        """How many messages need sending."""
        count = 0
        for segment in self._segments:
            for first, last in segment.pending():
                count += last - first + 1
        return count

    def size_bytes(self) -> int:
        """Bytes in the segments."""
        return sum([segment.size for segment in self._segments])

    def _path(self, name: str) -> str:
        return self._directory + "/" + name

    def _write(self, segment: Segment, boot_count: int, record_head: bytes, message: bytes) -> None:
        path = self._path(segment.name())
        fresh = segment.count == 0
        with self._files.open(path, "wb" if fresh else "ab") as file:
            if fresh:
                file.write(segments.header(segment.first, boot_count, self.head))
            file.write(record_head)
            file.write(message)
            self._files.sync(file)
        if fresh:
            self._files.sync_directory(self._directory)

    def _make_room(self, needed: int) -> None:
        while len(self._segments) > 1 and self.size_bytes() + needed + segments.HEADER_BYTES > self._max_bytes:
            lost = [(first, last, SPOOL_FULL) for first, last in self._segments[0].pending()]
            if lost:
                self.losses.add(lost)
            self._remove_oldest()

    def _forget(self) -> None:
        while len(self._segments) > 1 and self._segments[0].complete():
            self._remove_oldest()

    def _remove_oldest(self) -> None:
        self._files.remove(self._path(self._segments.pop(0).name()))
        # One at a time and in order, so that no cut can leave a hole in the middle.
        self._files.sync_directory(self._directory)

    def _read(self, segment: Segment, index: int) -> bytes | None:
        at_first, at_index, offset = self._cursor
        if at_first != segment.first or at_index > index:
            at_index, offset = 0, segments.HEADER_BYTES
        try:
            file = self._files.open(self._path(segment.name()), "rb")
        except OSError as error:
            if not is_absent(error):
                raise
            self._damaged(segment, 0, segment.count - 1)
            return None
        with file:
            while at_index < index:
                head = segments.read_head(file, offset, segment.size)
                if head is None:
                    break
                offset += RECORD_HEAD_BYTES + head[0]
                at_index += 1
            self._cursor = (segment.first, at_index, offset)
            if at_index == index and segments.read_head(file, offset, segment.size) is not None:
                message = segments.read_message(file, offset, segment.size)
                if message is None:
                    self._damaged(segment, index, index)
                return message
        self._damaged(segment, at_index, segment.count - 1)
        return None

    def _damaged(self, segment: Segment, first_index: int, last_index: int) -> None:
        """Give these records up: recorded as lost, and not read again."""
        first, last = segment.first + first_index, segment.first + last_index
        pending = [run for run in segment.pending() if first <= run[1] and run[0] <= last]
        self.losses.add([(max(run[0], first), min(run[1], last), SPOOL_DAMAGED) for run in pending])
        segment.mark(first, last)
