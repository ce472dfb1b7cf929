"""Looks for other processes, other agents' sockets, and for variables nobody gave it."""
import os
import signal
import socket
import sys

from attempts import attempt, contained, escaped

documented = set(sys.argv[1].split(","))
# A shell on the way leaves these.
documented |= {"PWD", "OLDPWD", "SHLVL", "_"}
pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
(contained if len(pids) < 16 else escaped)("processes of others", str(len(pids)))
names = {open(f"/proc/{pid}/comm").read().strip() for pid in pids}
strange = names - {"bwrap", "sh", "socat", "python3", "python3.11", "dash", "bash"}
(escaped if strange else contained)("processes that are not its own", str(strange))
extra = set(os.environ) - documented
(escaped if extra else contained)("variables nobody documents", str(extra))
for pid in [os.getppid(), *range(300, 400), *range(2000, 2050)]:
    if pid in pids:
        continue
    attempt(f"signal {pid}", lambda: os.kill(pid, signal.SIGKILL))
attempt("signal everything", lambda: os.kill(int(sys.argv[2]), signal.SIGKILL))
sockets = [os.path.join(folder, name) for folder, _, files in os.walk("/run") for name in files]
allowed = {"/run/bourse/echo.sock"}
(escaped if set(sockets) - allowed else contained)("sockets of others", str(sockets))
descriptors = [name for name in os.listdir("/proc/self/fd") if int(name) > 3]
(escaped if descriptors else contained)("descriptors it was not given", str(descriptors))
for name in sys.argv[3:]:
    def connect():
        with socket.socket(socket.AF_UNIX) as one:
            one.connect("\0" + name)
        return name
    attempt(f"abstract socket {name}", connect)
