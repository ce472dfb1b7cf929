"""Takes as much as it can of one thing. Argument: of what."""
import os
import signal
import socket
import subprocess
import sys
import threading
import time


def memory():
    kept = []
    while True:
        kept.append(bytearray(os.urandom(1 << 16) * 64))


def memory_of_many():
    for _ in range(20):
        if os.fork() == 0:
            memory()
    time.sleep(60)


def shared_memory():
    with open("/dev/shm/flood", "wb") as file:
        while True:
            file.write(b"x" * (1 << 20))


def disk():
    written = 0
    try:
        with open("/workspace/flood", "wb", buffering=0) as file:
            while True:
                written += file.write(b"x" * (1 << 20))
    except OSError as error:
        print(f"contained: {written} bytes, {error}")


def files():
    made = 0
    try:
        while True:
            open(f"/workspace/{made}", "w").close()
            made += 1
    except OSError as error:
        print(f"contained: {made} files, {error}")


def sparse():
    with open("/workspace/sparse", "wb") as file:
        file.truncate(1 << 50)
    print(f"contained: {os.stat('/workspace/sparse').st_blocks} blocks")


def deep():
    os.chdir("/workspace")
    depth = 0
    try:
        while True:
            os.mkdir("d" * 200)
            os.chdir("d" * 200)
            depth += 1
    except OSError as error:
        print(f"contained: {depth} folders, {error}")


def long_path():
    """A path of about so many bytes: at the limit of what a system call takes."""
    os.chdir("/workspace")
    length = 0
    while length < int(sys.argv[2]):
        os.mkdir("d" * 99)
        os.chdir("d" * 99)
        length += 100
    print("contained: the path is made")


def descriptors():
    kept = []
    try:
        while True:
            kept.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        print(f"contained: {len(kept)} descriptors, {error}")


def processes():
    born = 0
    try:
        while True:
            if os.fork() == 0:
                time.sleep(60)
            born += 1
    except OSError as error:
        print(f"contained: {born} processes, {error}", flush=True)


def fork_bomb():
    signal.alarm(0)
    while True:
        try:
            os.fork()
        except OSError:
            pass


def threads():
    started = 0
    try:
        while True:
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            started += 1
    except RuntimeError as error:
        print(f"contained: {started} threads, {error}", flush=True)
        os._exit(0)


def output():
    line = b"x" * (1 << 16)
    while True:
        os.write(1, line)
        os.write(2, line)


def processor():
    for _ in range(7):
        if os.fork() == 0:
            break
    while True:
        pass


def connections():
    kept = []
    try:
        while True:
            kept.append(socket.create_connection(("127.0.0.1", 4222), timeout=1))
    except OSError as error:
        print(f"contained: {len(kept)} connections, {error}", flush=True)


def stubborn():
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    print("ignoring everything", flush=True)
    while True:
        time.sleep(1)


def outlive():
    """Two forks and a session of its own: what a daemon does to outlive its parent."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    print("the daemon is on its own", flush=True)


def forwarders():
    subprocess.run(["pkill", "socat"], check=False)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if int(pid) not in (1, os.getpid(), os.getppid()):
            os.kill(int(pid), signal.SIGKILL)
    print("no forwarder is left", flush=True)


globals()[sys.argv[1]]()
