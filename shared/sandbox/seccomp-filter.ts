import {
  CLONE,
  CLONE3,
  DENIED_SYSCALLS,
  IOCTL,
  LAST_KNOWN_SYSCALL,
  SOCKET,
  SOCKETPAIR,
  type Syscall,
} from './syscalls.ts'

/** Architectures this filter is written for, with their names in the kernel's audit interface. */
export const AUDIT_ARCHITECTURES = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const
export type FilteredArchitecture = keyof typeof AUDIT_ARCHITECTURES

// Of struct seccomp_data: where the kernel puts what the filter looks at.
const NUMBER_OFFSET = 0
const ARCHITECTURE_OFFSET = 4
const argumentOffset = (place: number) => 16 + 8 * place

const RETURN_ALLOW = 0x7fff_0000
const RETURN_KILL_PROCESS = 0x8000_0000
const returnErrno = (errno: number) => 0x0005_0000 | errno
const EPERM = 1
const ENOSYS = 38
const EAFNOSUPPORT = 97

/** clone(2) with any of these would make a namespace. */
const NAMESPACE_FLAGS = 0x7e02_0000
const ALLOWED_FAMILIES = { AF_UNIX: 1, AF_INET: 2, AF_INET6: 10 }
const AF_NETLINK = 16
const NETLINK_ROUTE = 0
/** Typing into another's terminal. */
const DENIED_IOCTLS = { TIOCSTI: 0x5412, TIOCLINUX: 0x541c }

/** One instruction of classic BPF: struct sock_filter. */
interface Instruction {
  code: number
  ifTrue: number
  ifFalse: number
  value: number
}
const INSTRUCTION_BYTES = 8

const load = (offset: number): Instruction => ({ code: 0x20, ifTrue: 0, ifFalse: 0, value: offset })
const answer = (value: number): Instruction => ({ code: 0x06, ifTrue: 0, ifFalse: 0, value })
const skipUnlessEqual = (value: number, skip: number): Instruction => ({
  code: 0x15,
  ifTrue: 0,
  ifFalse: skip,
  value,
})
const skipIfEqual = (value: number, skip: number): Instruction => ({
  code: 0x15,
  ifTrue: skip,
  ifFalse: 0,
  value,
})
const skipUnlessGreater = (value: number, skip: number): Instruction => ({
  code: 0x25,
  ifTrue: 0,
  ifFalse: skip,
  value,
})
const skipUnlessAnyBit = (value: number, skip: number): Instruction => ({
  code: 0x45,
  ifTrue: 0,
  ifFalse: skip,
  value,
})

/** Whether there is a filter for this architecture. */
export function isFilteredArchitecture(arch: string): arch is FilteredArchitecture {
  return Object.hasOwn(AUDIT_ARCHITECTURES, arch)
}

/**
 * The seccomp filter of a sandbox as the bytes that `bwrap --seccomp` takes (an array of struct sock_filter). It ends
 * a process that calls in another architecture's convention; refuses the calls of `DENIED_SYSCALLS`, new namespaces,
 * and sockets of any family but local and internet ones (AF_VSOCK and others know no network namespace); and does not
 * know calls that are newer than the list. clone3 is answered as not there, since its flags lie out of a filter's
 * sight: C libraries then use clone.
 */
export function seccompFilter(architecture: FilteredArchitecture): Uint8Array {
  const when = (syscall: Syscall, block: Instruction[]): Instruction[] => {
    const number = syscall[architecture]
    return number === null ? [] : [skipUnlessEqual(number, block.length), ...block]
  }
  const families = Object.values(ALLOWED_FAMILIES)
  const onlyKnownFamilies = [
    load(argumentOffset(0)),
    ...families.flatMap(family => [skipUnlessEqual(family, 1), answer(RETURN_ALLOW)]),
    skipUnlessEqual(AF_NETLINK, 3),
    load(argumentOffset(2)),
    skipUnlessEqual(NETLINK_ROUTE, 1),
    answer(RETURN_ALLOW),
    answer(returnErrno(EAFNOSUPPORT)),
  ]
  const instructions = [
    load(ARCHITECTURE_OFFSET),
    skipIfEqual(AUDIT_ARCHITECTURES[architecture], 1),
    answer(RETURN_KILL_PROCESS),
    load(NUMBER_OFFSET),
    skipUnlessGreater(LAST_KNOWN_SYSCALL, 1),
    answer(returnErrno(ENOSYS)),
    ...DENIED_SYSCALLS.flatMap(syscall => when(syscall, [answer(returnErrno(EPERM))])),
    ...when(CLONE3, [answer(returnErrno(ENOSYS))]),
    ...when(CLONE, [
      load(argumentOffset(0)),
      skipUnlessAnyBit(NAMESPACE_FLAGS, 1),
      answer(returnErrno(EPERM)),
      answer(RETURN_ALLOW),
    ]),
    ...when(SOCKET, onlyKnownFamilies),
    ...when(SOCKETPAIR, onlyKnownFamilies),
    ...when(IOCTL, [
      load(argumentOffset(1)),
      ...Object.values(DENIED_IOCTLS).flatMap(request => [
        skipUnlessEqual(request, 1),
        answer(returnErrno(EPERM)),
      ]),
      answer(RETURN_ALLOW),
    ]),
    answer(RETURN_ALLOW),
  ]
  return assemble(instructions)
}

function assemble(instructions: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(instructions.length * INSTRUCTION_BYTES)
  instructions.forEach(({ code, ifTrue, ifFalse, value }, place) => {
    const at = place * INSTRUCTION_BYTES
    bytes.writeUInt16LE(code, at)
    bytes.writeUInt8(ifTrue, at + 2)
    bytes.writeUInt8(ifFalse, at + 3)
    bytes.writeUInt32LE(value >>> 0, at + 4)
  })
  return bytes
}
