#!/usr/bin/env node
import { join } from 'node:path'
import { runDoctor } from './doctor-report.mjs'
import { checkout, prepare } from './prepare.mjs'

const args = process.argv.slice(2)
const asksForHelp = args.includes('--help') || args.includes('-h')

// The doctor has to answer before anything is installed.
process.exitCode =
  args[0] === 'doctor' && !asksForHelp
    ? await runDoctor(checkout, { json: args.includes('--json') })
    : await prepare(folder => join(folder, 'cli', 'main.ts'), args)
