"""Tries to leave something where it may not write, by every kind of name there is. Argument: a folder of the host."""
import os
import shutil
import stat
import subprocess
import sys

from attempts import attempt, contained, escaped

outside = sys.argv[1]
WORK = "/workspace"


def write(path):
    with open(path, "w") as file:
        file.write("hostile")
    return path


def become_root(path):
    os.chmod(path, 0o4755)
    user = subprocess.run([path, "-u"], capture_output=True, text=True).stdout.strip()
    if user != "0":
        raise OSError(f"still user {user}")
    return user


for folder in ["/", "/usr", "/usr/bin", "/etc", "/program", "/proc", "/proc/sys/kernel", "/dev", "/run", "/run/bourse", "/opt", "/opt/bourse", "/var", outside]:
    attempt(f"write in {folder}", lambda: write(os.path.join(folder, "hostile")))
for path in ["/program/write_outside.py", "/etc/passwd", "/etc/ld.so.cache", "/proc/sysrq-trigger", "/proc/sys/kernel/hostname", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/1/oom_score_adj", "/usr/bin/env"]:
    attempt(f"change {path}", lambda: write(path))
attempt("remove the program", lambda: os.remove("/program/write_outside.py"))
attempt("rename the program", lambda: os.rename("/program/write_outside.py", f"{WORK}/mine"))
for target in [outside, "/", "/etc", "/proc/1/root", f"/proc/self/root{outside}", f"{WORK}/../../..{outside}"]:
    link = f"{WORK}/link-{abs(hash(target))}"
    os.symlink(target, link)
    attempt(f"write by a symbolic link to {target}", lambda: write(f"{link}/hostile"))
for target in ["/usr/bin/env", "/program/write_outside.py", "/etc/passwd", "/dev/null"]:
    attempt(f"hard link to {target}", lambda: os.link(target, f"{WORK}/hard-{os.path.basename(target)}"))
for kind, name in [(stat.S_IFBLK, "block"), (stat.S_IFCHR, "character")]:
    attempt(f"make a {name} device", lambda: os.mknod(f"{WORK}/{name}", kind | 0o666, os.makedev(8, 0)))
os.mkfifo(f"{WORK}/fifo")
copy = shutil.copy("/usr/bin/id", f"{WORK}/id")
attempt("become root by a set-uid copy", lambda: become_root(copy))
attempt("change the owner to root", lambda: os.chown(copy, 0, 0))
attempt("set the user id", lambda: os.setuid(0))
attempt("set another user id", lambda: os.setuid(65534))


for name in ["su", "sudo", "passwd", "mount", "newgrp", "pkexec"]:
    path = shutil.which(name)
    if path is None:
        continue
    result = subprocess.run([path, "--version"], capture_output=True, text=True)
    user = subprocess.run(["id", "-u"], capture_output=True, text=True).stdout.strip()
    (contained if user != "0" else escaped)(f"run {name}", f"as {user}")
privileges = open("/proc/self/status").read()
for line in ["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"]:
    (contained if line in privileges else escaped)("privileges", line)
