"""Makes the system calls that have been ways out of sandboxes."""
import ctypes
import fcntl
import mmap
import os
import platform

from attempts import attempt, contained, escaped, libc, syscall

def libc_or_raise(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), "refused")
    return result


NEW_USER, NEW_NAMESPACE, NEW_NET, NEW_PID = 0x10000000, 0x20000, 0x40000000, 0x20000000
buffer = ctypes.create_string_buffer(4096)
here = ctypes.addressof(buffer)
x64 = platform.machine() == "x86_64"
numbers = (
    dict(ptrace=101, keyctl=250, add_key=248, request_key=249, mount=165, umount2=166, pivot_root=155, chroot=161, unshare=272,
         setns=308, bpf=321, perf_event_open=298, userfaultfd=323, init_module=175, finit_module=313, kexec_load=246, reboot=169,
         swapon=167, syslog=103, acct=163, settimeofday=164, clock_settime=227, sethostname=170, personality=135, clone=56,
         open_by_handle_at=304, name_to_handle_at=303, fanotify_init=300, memfd_create=319, shmget=29, msgget=68,
         process_vm_readv=310, kcmp=312, iopl=172, modify_ldt=154, quotactl=179)
    if x64
    else dict(ptrace=117, keyctl=219, add_key=217, request_key=218, mount=40, umount2=39, pivot_root=41, chroot=51, unshare=97,
              setns=268, bpf=280, perf_event_open=241, userfaultfd=282, init_module=105, finit_module=273, kexec_load=104, reboot=142,
              swapon=224, syslog=116, acct=89, settimeofday=170, clock_settime=112, sethostname=161, personality=92, clone=220,
              open_by_handle_at=265, name_to_handle_at=264, fanotify_init=262, memfd_create=279, shmget=194, msgget=186,
              process_vm_readv=270, kcmp=272, quotactl=60)
)
numbers |= dict(clone3=435, io_uring_setup=425, io_uring_enter=426, move_mount=429, open_tree=428, fsopen=430, mount_setattr=442,
                pidfd_getfd=438, memfd_secret=447, statmount=457, listmount=458, newer_than_the_list=500)
arguments = dict(
    ptrace=(16, 1, 0, 0), keyctl=(0, -3, 1), add_key=(here, here, here, 1, -3), unshare=(NEW_USER,), clone=(NEW_USER | 17, 0, 0, 0, 0),
    bpf=(0, here, 64), io_uring_setup=(8, here), personality=(0x0040000,), memfd_create=(here, 0), shmget=(0, 1 << 30, 0o1666),
    msgget=(0, 0o1666), setns=(0, 0), userfaultfd=(0,), perf_event_open=(here, 0, -1, -1, 0), chroot=(here,), iopl=(3,),
    process_vm_readv=(1, here, 1, here, 1, 0), pidfd_getfd=(0, 0, 0), name_to_handle_at=(-100, here, here, here, 0),
    fsopen=(here, 0), open_tree=(-100, here, 1), syslog=(3, here, 100), fanotify_init=(0, 0),
)
for name, number in numbers.items():
    syscall(name, number, *arguments.get(name, (here, here, here, 0, 0)))
for name, flags in [("network", NEW_NET), ("mount", NEW_NAMESPACE), ("process", NEW_PID), ("user", NEW_USER)]:
    syscall(f"unshare the {name} namespace", numbers["unshare"], flags)
    syscall(f"clone into a {name} namespace", numbers["clone"], flags | 17, 0, 0, 0, 0)
if x64:
    syscall("a call in the x32 convention", 0x40000000 | 39)

    def call_as_32_bit():
        # int 0x80: the way of 32-bit programs, whose numbers mean other calls.
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
        call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
        child = os.fork()
        if child == 0:
            call()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            raise OSError(f"killed by signal {os.WTERMSIG(status)}")
        return "it came back"

    attempt("a call in the 32-bit convention", call_as_32_bit)
attempt("type into a terminal", lambda: fcntl.ioctl(0, 0x5412, b"x"))
attempt("attach to the first process", lambda: libc_or_raise(libc.ptrace(16, 1, 0, 0)))
for pid in filter(str.isdigit, os.listdir("/proc")):
    status = open(f"/proc/{pid}/status").read()
    (contained if "Seccomp:\t2" in status and "CapEff:\t0000000000000000" in status else escaped)(f"process {pid} without a filter")
for path in ["/proc/1/environ", "/proc/sys/kernel/core_pattern", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/net/tun"]:
    attempt(f"open {path} for writing", lambda: os.open(path, os.O_RDWR))
