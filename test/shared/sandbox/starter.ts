// Starts a run that would go on for a minute, tells that the program is running, and waits to be killed.
import { runProgram } from './run-program.ts'

process.once('message', (id: string) => {
  void runProgram(['sh', '-c', 'sleep 60'], { id })
})
process.send?.('ready')
