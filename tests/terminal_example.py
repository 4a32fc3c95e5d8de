"""A terminal for tests: what a command shows to a person, and what it gets when that person presses a key."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from dataclasses import dataclass

from tones_example import Workshop, heed_ctrl_c


def own_terminal() -> None:
    """In the child: Ctrl-C reaches who owns the terminal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    heed_ctrl_c()


@dataclass
class Terminal:
    """A terminal of 110 × 45 characters in which a command runs, and all that it showed so far."""

    process: subprocess.Popen[bytes]
    master: int
    shown: bytes = b""

    @classmethod
    def start(cls, workshop: Workshop, command: list[str]) -> Terminal:
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 110, 0, 0))
        process = subprocess.Popen(
            command,
            cwd=workshop.folder,
            env=workshop.env | {"TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=own_terminal,
        )
        os.close(slave)
        return cls(process, master)

    def look(self) -> bool:
        """Take in what is shown within 0.1 s; False when the terminal's other end was closed."""
        if select.select([self.master], [], [], 0.1)[0]:
            try:
                self.shown += os.read(self.master, 65536)
            except OSError:  # Linux answers EIO when nobody holds the other end
                return False
        return True

    def finish(self) -> int:
        while self.look():
            pass
        os.close(self.master)
        return self.process.wait(60)

    @property
    def text(self) -> str:
        """Without the escape codes."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.shown.decode("utf-8"))
