"""Last step before a server starts: tie it to its parent, drop root, replace this process by the server.

Run as a file by `chejian.stack.child` (``python -I -S launch.py ...``), so it imports only the standard library.
It exists because code between fork and exec is unsafe in a threaded parent, and because the death signal has to
be set after the change of user (the kernel clears it there).
"""

import argparse
import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
# Linux capabilities that let a server reach its files below folders closed to its user; the read-only one is
# preferred, containers often grant only the other.
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
# linux/capability.h: version 3 of the capability structures, two words of 32 bits each.
_CAPABILITY_VERSION_3 = 0x20080522


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def drop_to(uid: int, gid: int, *, reach_files: bool) -> None:
    """Become another user for good.

    Args:
        uid: user to become.
        gid: its only group.
        reach_files: keep the one capability that passes closed folders (Linux); the program is then able to
            read files of others, so ask for it only where the program's own path is closed to the user.

    Raises:
        OSError: the kernel refuses.
    """
    libc = _libc()
    if reach_files and libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_KEEPCAPS)")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if reach_files:
        _keep_reach(libc)


def _keep_reach(libc: ctypes.CDLL) -> None:
    header = _CapHeader(_CAPABILITY_VERSION_3, 0)
    data = (_CapData * 2)()
    if libc.capget(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    wanted = next((c for c in (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE) if data[0].permitted >> c & 1), None)
    if wanted is None:
        raise PermissionError("root lacks CAP_DAC_READ_SEARCH and CAP_DAC_OVERRIDE here")
    mask = 1 << wanted
    data[0].effective, data[0].permitted, data[0].inheritable = mask, mask, mask
    data[1].effective, data[1].permitted, data[1].inheritable = 0, 0, 0
    if libc.capset(ctypes.byref(header), data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    if libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, wanted, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_CAP_AMBIENT)")


def die_with(parent: int, signum: int) -> None:
    """Have the kernel send ``signum`` to this process when ``parent`` dies (Linux; elsewhere nothing happens).

    Raises:
        ProcessLookupError: the parent is already gone.
    """
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent:
        raise ProcessLookupError(f"parent {parent} is gone")


def main() -> None:
    """Parse the command line, prepare the process, become the server."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", type=int, required=True, help="process id this one must not outlive")
    parser.add_argument("--death-signal", type=int, required=True, help="signal number sent when it dies")
    parser.add_argument("--uid", type=int, help="user to become")
    parser.add_argument("--gid", type=int, help="group to become")
    parser.add_argument("--reach-files", action="store_true", help="keep the right to pass closed folders")
    parser.add_argument("argv", nargs="+")
    args = parser.parse_args()
    try:
        if args.uid is not None:
            drop_to(args.uid, args.gid, reach_files=args.reach_files)
        die_with(args.parent, args.death_signal)
        os.execvp(args.argv[0], args.argv)  # noqa: S606 - the very purpose of this file
    except OSError as error:
        sys.exit(f"cannot start {args.argv[0]}: {error}")


if __name__ == "__main__":
    main()
