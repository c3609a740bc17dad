"""The one error that every loader raises when its data is not installed."""

from __future__ import annotations


class DataUnavailable(RuntimeError):
    """A data set is not on this machine; nothing is ever downloaded behind the learner's back.

    Args:
        what: the data set, as the learner knows it ("Tux Paint stamps").
        why: what was looked for and not found.
        command: the exact command that installs it.

    >>> raise DataUnavailable("Tux Paint stamps", "no folder /usr/share/tuxpaint/stamps",
    ...                       "sudo apt-get install tuxpaint-stamps-default")
    Traceback (most recent call last):
    ...
    mmlearn.data.unavailable.DataUnavailable: Tux Paint stamps: no folder /usr/share/tuxpaint/stamps.
    To install: sudo apt-get install tuxpaint-stamps-default

    Built in: lesson 00.
    """

    def __init__(self, what: str, why: str, command: str) -> None:
        super().__init__(f"{what}: {why}.\nTo install: {command}")
        self.what, self.why, self.command = what, why, command
