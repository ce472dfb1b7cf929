/** System call numbers by architecture, as Node names them (`process.arch`); null: the architecture has no such call. */
export interface Syscall {
  name: string
  x64: number | null
  arm64: number | null
}

const call = (name: string, x64: number | null, arm64: number | null): Syscall => ({ name, x64, arm64 })
/** Since Linux 5.1 a new call has one number everywhere. */
const since51 = (name: string, number: number): Syscall => call(name, number, number)

export const CLONE = call('clone', 56, 220)
export const CLONE3 = since51('clone3', 435)
export const SOCKET = call('socket', 41, 198)
export const SOCKETPAIR = call('socketpair', 53, 199)
export const IOCTL = call('ioctl', 16, 29)

/** Calls above this are newer than this list, and no program depends on them yet. */
export const LAST_KNOWN_SYSCALL = 462

/**
 * What no agent's program needs, and what has often been the way out of a sandbox: other processes' memory, keyrings,
 * mounts and namespaces, kernel programs, asynchronous kernel rings, file handles, clocks, modules, and memory that no
 * limit counts.
 */
export const DENIED_SYSCALLS: readonly Syscall[] = [
  call('ptrace', 101, 117),
  call('process_vm_readv', 310, 270),
  call('process_vm_writev', 311, 271),
  call('kcmp', 312, 272),
  since51('pidfd_getfd', 438),
  since51('process_madvise', 440),
  since51('process_mrelease', 448),
  call('add_key', 248, 217),
  call('request_key', 249, 218),
  call('keyctl', 250, 219),
  call('mount', 165, 40),
  call('umount2', 166, 39),
  call('pivot_root', 155, 41),
  call('chroot', 161, 51),
  since51('open_tree', 428),
  since51('move_mount', 429),
  since51('fsopen', 430),
  since51('fsconfig', 431),
  since51('fsmount', 432),
  since51('fspick', 433),
  since51('mount_setattr', 442),
  since51('statmount', 457),
  since51('listmount', 458),
  call('unshare', 272, 97),
  call('setns', 308, 268),
  call('bpf', 321, 280),
  call('perf_event_open', 298, 241),
  call('userfaultfd', 323, 282),
  since51('io_uring_setup', 425),
  since51('io_uring_enter', 426),
  since51('io_uring_register', 427),
  call('init_module', 175, 105),
  call('finit_module', 313, 273),
  call('delete_module', 176, 106),
  call('kexec_load', 246, 104),
  call('kexec_file_load', 320, 294),
  call('reboot', 169, 142),
  call('swapon', 167, 224),
  call('swapoff', 168, 225),
  call('syslog', 103, 116),
  call('acct', 163, 89),
  call('quotactl', 179, 60),
  since51('quotactl_fd', 443),
  call('lookup_dcookie', 212, 18),
  call('settimeofday', 164, 170),
  call('clock_settime', 227, 112),
  call('clock_adjtime', 305, 266),
  call('adjtimex', 159, 171),
  call('sethostname', 170, 161),
  call('setdomainname', 171, 162),
  call('iopl', 172, null),
  call('ioperm', 173, null),
  call('modify_ldt', 154, null),
  call('uselib', 134, null),
  call('ustat', 136, null),
  call('sysfs', 139, null),
  call('_sysctl', 156, null),
  call('personality', 135, 92),
  call('name_to_handle_at', 303, 264),
  call('open_by_handle_at', 304, 265),
  call('fanotify_init', 300, 262),
  call('fanotify_mark', 301, 263),
  call('vhangup', 153, 58),
  call('move_pages', 279, 239),
  call('migrate_pages', 256, 238),
  call('vmsplice', 278, 75),
  call('memfd_create', 319, 279),
  since51('memfd_secret', 447),
  call('shmget', 29, 194),
  call('shmat', 30, 196),
  call('shmctl', 31, 195),
  call('msgget', 68, 186),
  call('msgsnd', 69, 189),
  call('semget', 64, 190),
  call('mq_open', 240, 180),
]
