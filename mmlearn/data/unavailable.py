"""The one error that every loader raises when its data is not installed, and the command that cures it."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version


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


def command_here(linux: str, elsewhere: str) -> str:
    """The command for this operating system: apt-get is known to Linux alone.

    Built in: lesson 00.
    """
    return linux if sys.platform.startswith("linux") else elsewhere


def version_of(requirement: str, what: str) -> str:
    """The installed version of a package, given as pip takes it, "resvg-py>=0.4".

    Raises DataUnavailable for `what` if it is not installed.

    >>> version_of("no-such-package>=1", "stickers")
    Traceback (most recent call last):
    ...
    mmlearn.data.unavailable.DataUnavailable: stickers: no package no-such-package.
    To install: pip install "no-such-package>=1"

    Built in: lesson 00.
    """
    package = requirement.partition(">=")[0]
    try:
        return version(package)
    except PackageNotFoundError:
        raise DataUnavailable(what, f"no package {package}", f'pip install "{requirement}"') from None
