import type { Check } from './doctor.mjs'

export function doctorJson(checks: Check[]): { ok: boolean; checks: Check[] }
export function doctorText(checks: Check[]): string
export function runDoctor(checkout: string, options: { json: boolean }): Promise<number>
