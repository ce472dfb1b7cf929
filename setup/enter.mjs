#!/usr/bin/env node
import { isAbsolute, join } from 'node:path'
import { prepare } from './prepare.mjs'

const [script, ...args] = process.argv.slice(2)
if (!script) {
  process.stderr.write('usage: node setup/enter.mjs <script> [arguments]\n')
  process.exit(2)
}
process.exitCode = await prepare(checkout => (isAbsolute(script) ? script : join(checkout, script)), args)
