"""What the hostile programs share: each attempt is told on a line of its own, as contained or as an escape."""
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)


def contained(what, how=""):
    print(f"contained: {what} {how}".strip(), flush=True)


def escaped(what, how=""):
    print(f"ESCAPED: {what} {how}".strip(), flush=True)


def attempt(what, act):
    """`act` must fail; what it returns when it does not is the proof of the escape."""
    try:
        proof = act()
    except (OSError, PermissionError, ValueError) as error:
        contained(what, str(error))
        return
    escaped(what, repr(proof)[:200])


def syscall(what, number, *arguments):
    """The call must be refused; in a child, since some refusals are the end of a process."""

    def act():
        child = os.fork()
        if child == 0:
            ctypes.set_errno(0)
            result = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(one) for one in arguments])
            os._exit(min(ctypes.get_errno() or 255, 255) if result == -1 else 0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            raise OSError(f"killed by signal {os.WTERMSIG(status)}")
        errno = os.WEXITSTATUS(status)
        if errno != 0:
            raise OSError(errno, os.strerror(errno))
        return "the call succeeded"

    attempt(what, act)
