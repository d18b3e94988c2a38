"""A zip that is sent while it is made: never whole in memory, nor on a disk."""

from collections.abc import Iterable, Iterator
from io import RawIOBase
from zipfile import ZIP_STORED, ZipFile, ZipInfo


class Outbox(RawIOBase):
    """Takes what a zip writes, until it is handed on. It cannot be rewound, and the zip is made accordingly."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.waiting.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken, self.waiting = b"".join(self.waiting), []
        return taken


def archive(files: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """Yield a zip of `files`, each a name (with / between folders) and its bytes, a piece a file.

    Names that come again are numbered. Workbooks are packed already: they are stored as they are.
    """
    outbox = Outbox()
    taken: set[str] = set()
    with ZipFile(outbox, "w", ZIP_STORED) as packed:
        for name, content in files:
            packed.writestr(ZipInfo(_free(name, taken)), content)
            yield outbox.take()
    yield outbox.take()


def _free(name: str, taken: set[str]) -> str:
    """Return `name`, or name(2) where it is taken: case does not tell names apart on Windows."""
    stem, dot, ending = name.rpartition(".")
    free, number = name, 1
    while free.casefold() in taken:
        number += 1
        free = f"{stem}({number}){dot}{ending}"
    taken.add(free.casefold())
    return free
