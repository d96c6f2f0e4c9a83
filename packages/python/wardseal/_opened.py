"""Opened objects."""

from __future__ import annotations

import os
from datetime import datetime
from typing import BinaryIO, Iterator, Optional, Union

from . import _native
from ._types import Completed, ObjectHeader

# Within a class that has a method of this name.
_Bytes = bytes


class Opened:
    """An opened object.

    Of bytes and files the author is verified before this exists. Of a stream he is verified at its
    end, and the content can be read once.
    """

    def __init__(self, native: _native.Opened) -> None:
        self._native = native
        self._header = ObjectHeader._of(native.header())
        self._rest = b""

    @property
    def name(self) -> Optional[str]:
        """A file name, as the author wrote it: not a path, and not fit to be used as one unchecked."""
        return self._native.name

    @property
    def media_type(self) -> Optional[str]:
        """The media type that the author claims."""
        return self._native.media_type

    @property
    def size(self) -> Optional[int]:
        """Bytes of content, where the author knew it before sealing."""
        return self._native.size

    @property
    def header(self) -> ObjectHeader:
        """What the object says of itself in clear."""
        return self._header

    @property
    def session(self) -> str:
        """The session."""
        return self._header.session

    @property
    def object(self) -> str:
        """The object."""
        return self._header.object

    @property
    def version(self) -> int:
        """Its version, from 1."""
        return self._header.version

    @property
    def author(self) -> str:
        """The user who wrote it: a fact once :attr:`verified`."""
        return self._header.author

    @property
    def device(self) -> str:
        """The author's device."""
        return self._header.device

    @property
    def time(self) -> datetime:
        """When it was sealed, by the author's clock."""
        return self._header.time

    @property
    def verified(self) -> bool:
        """Whether the author is verified."""
        return self._native.verified

    @property
    def completed(self) -> Optional[Completed]:
        """The proof that the content was read to its end, once it was."""
        done = self._native.completed()
        return None if done is None else Completed._of(done)

    def bytes(self) -> _Bytes:
        """The content, in memory."""
        return self._native.bytes()

    def text(self) -> str:
        """The content as UTF-8 text."""
        return self.bytes().decode()

    def range(self, start: int, end: int) -> _Bytes:
        """The content from ``start`` up to and without ``end``, without the rest. Not of a stream."""
        return self._native.range(start, end)

    def read(self, size: int = -1) -> _Bytes:
        """The next ``size`` bytes of the content, or all that are left; fewer only at its end.

        What was read is by *some* member of the session, and in its place. That nothing is missing is
        known when the end was read without an error, see :attr:`completed`.
        """
        pieces = [self._rest]
        have = len(self._rest)
        while size < 0 or have < size:
            piece = self._native.piece()
            if not piece:
                break
            pieces.append(piece)
            have += len(piece)
        content = b"".join(pieces)
        if size < 0:
            size = len(content)
        self._rest = content[size:]
        return content[:size]

    def __iter__(self) -> Iterator[_Bytes]:
        """The content in pieces of up to 1 MiB, from where :meth:`read` stopped."""
        rest, self._rest = self._rest, b""
        if rest:
            yield rest
        while True:
            piece = self._native.piece()
            if not piece:
                return
            yield piece

    def rewind(self) -> None:
        """Has :meth:`read` begin again. Not of a stream."""
        self._rest = b""
        self._native.rewind()

    def save(self, path: Union[str, os.PathLike[str]]) -> Completed:
        """Writes the content to a file, in constant memory.

        It appears when the content is complete, in place of what has its name, and only its owner can
        read it.
        """
        return Completed._of(self._native.save(os.fspath(path)))

    def write_to(self, file: BinaryIO) -> Completed:
        """Writes the content to a file object. What was written before an error is to be discarded."""
        return Completed._of(self._native.write_to(file))
