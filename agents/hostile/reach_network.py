"""Tries to reach anything but what is forwarded. Arguments: ports of the host's loopback that listen."""
import socket
import sys

from attempts import attempt


def connect(family, address, kind=socket.SOCK_STREAM, protocol=0):
    def act():
        with socket.socket(family, kind, protocol) as one:
            one.settimeout(1)
            one.connect(address)
            if kind == socket.SOCK_DGRAM:
                one.send(b"hello")
                return one.recv(100)
            return address

    return act


for port in map(int, sys.argv[1:]):
    attempt(f"127.0.0.1:{port}", connect(socket.AF_INET, ("127.0.0.1", port)))
    attempt(f"[::1]:{port}", connect(socket.AF_INET6, ("::1", port)))
    attempt(f"0.0.0.0:{port}", connect(socket.AF_INET, ("0.0.0.0", port)))
for host in ["169.254.169.254", "169.254.170.2", "192.0.2.1", "198.51.100.7"]:
    attempt(f"{host}:80", connect(socket.AF_INET, (host, 80)))
    attempt(f"{host}:53 (udp)", connect(socket.AF_INET, (host, 53), socket.SOCK_DGRAM))
attempt("fd00:ec2::254", connect(socket.AF_INET6, ("fd00:ec2::254", 80)))
for name in ["example.com", "metadata.google.internal", "host.docker.internal"]:
    attempt(f"resolve {name}", lambda: socket.getaddrinfo(name, 80))
attempt("raw socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("packet socket", lambda: socket.socket(17, socket.SOCK_RAW))
attempt("vsock to the host", connect(40, (2, 1024)))
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
attempt("kernel crypto", lambda: socket.socket(38, socket.SOCK_SEQPACKET))
attempt("netfilter by netlink", lambda: socket.socket(16, socket.SOCK_RAW, 12))
attempt("bluetooth", lambda: socket.socket(31, socket.SOCK_RAW, 1))
attempt("a port below 1024", lambda: socket.socket().bind(("127.0.0.1", 53)))
