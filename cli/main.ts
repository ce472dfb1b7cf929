import { runBourse } from './run-bourse.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Nobody reads any more, as in `bourse events | head`: there is nothing left to do.
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})
await runBourse(process.argv.slice(2))
