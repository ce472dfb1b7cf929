"""Looks for the machine's files. Arguments: a word that stands in files of the host, then paths that must not be there."""
import os
import sys

from attempts import attempt, contained, escaped

def nothing():
    raise OSError("empty")


canary, paths = sys.argv[1].encode(), sys.argv[2:]
for path in [*paths, "/root", "/home", "/var", "/opt/bourse/../../../root", "/sys", "/boot", "/srv", "/mnt", "/run/docker.sock"]:
    attempt(f"list {path}", lambda: os.listdir(path) if os.path.isdir(path) else open(path).read(100))
for path in ["/etc/shadow", "/etc/ssh", "/etc/hostname", "/etc/machine-id", "/proc/kcore", "/dev/mem", "/dev/vda", "/dev/sda"]:
    attempt(f"read {path}", lambda: open(path, "rb").read(1) or nothing())
for path in ["/proc/1/root", "/proc/self/root", "/proc/1/cwd", "/proc/thread-self/root"]:
    for name in ["root", "home", "work", "var"]:
        attempt(f"list {path}/{name}", lambda: os.listdir(f"{path}/{name}"))


def files():
    for folder, folders, names in os.walk("/"):
        if folder == "/":
            folders[:] = [name for name in folders if name not in ("proc", "usr", "dev")]
        for name in names:
            yield os.path.join(folder, name)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for name in ["environ", "cmdline", "maps", "mountinfo"]:
            yield f"/proc/{pid}/{name}"
        try:
            yield from (f"/proc/{pid}/fd/{fd}" for fd in os.listdir(f"/proc/{pid}/fd") if int(fd) > 2)
        except OSError:
            pass


found = []
for path in files():
    if path.startswith("/proc/self"):
        continue
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            if canary in (file.read(1 << 20) or b"") and f"/{os.getpid()}/" not in path:
                found.append(path)
    except OSError:
        pass
found = [path for path in found if not path.endswith("/cmdline")]
if found:
    escaped("the word of the host", f"in {found}")
else:
    contained("the word of the host", "is nowhere")
