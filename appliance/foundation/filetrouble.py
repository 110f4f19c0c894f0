"""What to tell a person about a file that the system does not let us read or write."""

from __future__ import annotations

import errno
from typing import Final

_FIXES: Final = {
    errno.ENOSPC: "Make room on that disk (`df -h` shows it), then try again",
    errno.EDQUOT: "Make room (`quota` shows what is allowed), then try again",
    errno.EROFS: "Mount that disk writable, or name another folder in HOMARUS_STATE_DIR",
    errno.EACCES: "Give it to the user of this command, or be the user that it belongs to",
    errno.EPERM: "Give it to the user of this command, or be the user that it belongs to",
    errno.ENOTDIR: "A file stands where a folder should be: move it, or name another folder in HOMARUS_STATE_DIR",
    errno.EIO: "The disk fails: look at `dmesg`, and restore a backup on another one",
    errno.EMFILE: "Raise the limit of open files (`ulimit -n`), then try again",
}


def told(error: OSError) -> str:
    """Return a sentence or two: which file, what the system says, what mends it."""
    said = error.strerror or str(error) or type(error).__name__
    where = f"{error.filename}: " if error.filename else ""
    fix = fix_of(error)
    return f"{where}{said}. {fix}." if fix else f"{where}{said}."


def fix_of(error: OSError) -> str:
    """Return what mends it, without the full stop; empty where only the file itself tells."""
    return _FIXES.get(error.errno or 0, "")
