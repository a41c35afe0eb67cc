"""Calls of the command line in a terminal of its own."""

import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Iterator
from contextlib import contextmanager

from awaiting import until
from cli_world import World

_NEXT_FRAME = re.compile(r"(\x1b\[2K(\x1b\[1A)?)+")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
_BLOCK = 4096


class Terminal:
    """The user's side of a terminal that a call runs in.

    raw: Everything that appeared, control sequences included.
    """

    def __init__(self, call: "subprocess.Popen[str]", master: int) -> None:
        self.call = call
        self.raw = ""
        self._master = master

    @property
    def text(self) -> str:
        """What appeared, without control sequences; later frames stand below earlier ones."""
        return _CONTROL.sub("", _NEXT_FRAME.sub("\n", self.raw))

    def read(self) -> bool:
        """Take in what appeared; False once the other side is closed."""
        try:
            block = os.read(self._master, _BLOCK)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            block = b""
        self.raw += block.decode(errors="replace")
        return bool(block)

    def until(self, words: str) -> None:
        """Read on until the words have appeared."""
        until(lambda: words in self.text or not self.read())
        assert words in self.text

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def end(self) -> int:
        """Read to the end; returns the exit code."""
        until(lambda: not self.read())
        return self.call.wait()


@contextmanager
def terminal(
    world: World, *arguments: str, columns: int = 100, **environment: str
) -> Iterator[Terminal]:
    """A call whose controlling terminal is so many columns wide."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    call = world.start(
        *arguments,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        environment={"TERM": "xterm-256color", **environment},
    )
    os.close(slave)
    try:
        yield Terminal(call, master)
    finally:
        call.kill()
        call.wait()
        os.close(master)
