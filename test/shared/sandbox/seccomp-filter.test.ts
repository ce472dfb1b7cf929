import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  AUDIT_ARCHITECTURES,
  type FilteredArchitecture,
  seccompFilter,
} from '../../../shared/sandbox/seccomp-filter.ts'
import {
  CLONE,
  CLONE3,
  DENIED_SYSCALLS,
  IOCTL,
  LAST_KNOWN_SYSCALL,
  SOCKET,
} from '../../../shared/sandbox/syscalls.ts'

const ALLOW = 'allow'
const NEW_USER_NAMESPACE = 0x1000_0000
const THREAD_FLAGS = 0x003d_0f00
const architectures = Object.keys(AUDIT_ARCHITECTURES) as FilteredArchitecture[]

/** Runs a filter as the kernel would: classic BPF over one struct seccomp_data. */
function judge(
  architecture: FilteredArchitecture,
  call: { number: number; args?: number[]; audit?: number },
): string {
  const filter = Buffer.from(seccompFilter(architecture))
  const data = Buffer.alloc(64)
  data.writeUInt32LE(call.number >>> 0, 0)
  data.writeUInt32LE(call.audit ?? AUDIT_ARCHITECTURES[architecture], 4)
  for (const [place, value] of (call.args ?? []).entries()) data.writeUInt32LE(value >>> 0, 16 + 8 * place)
  let accumulator = 0
  for (let at = 0; at < filter.length; ) {
    const value = filter.readUInt32LE(at + 4)
    const [ifTrue, ifFalse] = [filter.readUInt8(at + 2), filter.readUInt8(at + 3)]
    const jump = (holds: boolean) => {
      at += 8 * (1 + (holds ? ifTrue : ifFalse))
    }
    switch (filter.readUInt16LE(at)) {
      case 0x20:
        accumulator = data.readUInt32LE(value)
        at += 8
        break
      case 0x15:
        jump(accumulator === value)
        break
      case 0x25:
        jump(accumulator > value)
        break
      case 0x45:
        jump((accumulator & value) !== 0)
        break
      case 0x06:
        if (value === 0x7fff_0000) return ALLOW
        if (value === 0x8000_0000) return 'kill'
        return `errno ${value & 0xffff}`
      default:
        throw new Error(`unknown instruction at ${at}`)
    }
  }
  throw new Error('the filter runs past its end')
}

describe.each(architectures)('the filter for %s', architecture => {
  const numberOf = (syscall: { x64: number | null; arm64: number | null }) => syscall[architecture]!

  it('refuses each denied call', () => {
    for (const syscall of DENIED_SYSCALLS.filter(one => one[architecture] !== null)) {
      expect(judge(architecture, { number: numberOf(syscall) }), syscall.name).toBe('errno 1')
    }
  })

  it('lets threads be made and namespaces not', () => {
    expect(judge(architecture, { number: numberOf(CLONE), args: [THREAD_FLAGS] })).toBe(ALLOW)
    expect(judge(architecture, { number: numberOf(CLONE), args: [NEW_USER_NAMESPACE | 17] })).toBe('errno 1')
    expect(judge(architecture, { number: numberOf(CLONE3) })).toBe('errno 38')
  })

  it('knows local and internet sockets only', () => {
    const socket = (family: number, protocol = 0) =>
      judge(architecture, { number: numberOf(SOCKET), args: [family, 1, protocol] })
    const families = Array.from({ length: 46 }, (_, family) => family)
    expect(families.filter(family => socket(family) === ALLOW)).toEqual([1, 2, 10, 16])
    expect(socket(40)).toBe('errno 97')
    expect(socket(16, 9)).toBe('errno 97')
  })

  it('types into no terminal', () => {
    expect(judge(architecture, { number: numberOf(IOCTL), args: [0, 0x5412] })).toBe('errno 1')
    expect(judge(architecture, { number: numberOf(IOCTL), args: [0, 0x5401] })).toBe(ALLOW)
  })

  it('ends a process that calls in another convention, and knows no call newer than its list', () => {
    expect(judge(architecture, { number: 1, audit: 0x4000_0003 })).toBe('kill')
    fc.assert(
      fc.property(fc.integer({ min: LAST_KNOWN_SYSCALL + 1, max: 0xffff_ffff }), number => {
        expect(judge(architecture, { number })).toBe('errno 38')
      }),
    )
  })

  it('answers every call', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: LAST_KNOWN_SYSCALL }),
        fc.array(fc.integer(), { minLength: 3, maxLength: 3 }),
        (number, args) => {
          expect(judge(architecture, { number, args })).toMatch(/^(allow|errno (1|38|97))$/)
        },
      ),
    )
  })
})
