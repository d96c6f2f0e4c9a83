"""The one error."""

from __future__ import annotations

from typing import Any, Mapping, Optional


class WardsealError(Exception):
    """Everything that this package raises, except for what your own code raised on the way.

    ``code`` is stable between versions and the same in every SDK; ``message`` says in English what
    happened and what to do.
    """

    code: str
    message: str
    #: Whether the same call can succeed later without anything being changed.
    retryable: bool
    #: The page of this error in the book, as a path within it.
    help: str
    #: What comes with it: ``status``, ``detail``, ``refusal``, ``id``, ``retry_after``, ``group``, ``reason``.
    details: Mapping[str, Any]

    def __init__(
        self,
        code: str,
        message: str,
        retryable: bool = False,
        help: Optional[str] = None,
        details: Optional[Mapping[str, Any]] = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.help = f"errors/{code}.html" if help is None else help
        self.details = {} if details is None else details

    @property
    def retry_after(self) -> Optional[int]:
        """Seconds to wait before the next attempt, if the server said so."""
        return self.details.get("retry_after")

    def __repr__(self) -> str:
        return f"WardsealError({self.code!r}, {self.message!r})"

    def __reduce__(self) -> Any:
        # An exception that crosses a process is made again from what it was made of.
        given = (self.code, self.message, self.retryable, self.help, dict(self.details))
        return (type(self), given)


def invalid(message: str) -> WardsealError:
    """An argument that cannot be."""
    return WardsealError("invalid", message)
