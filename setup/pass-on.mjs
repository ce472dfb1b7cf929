import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/**
 * Runs `script` under the Node at `nodePath` in place of this process: same terminal, same arguments, same
 * exit code. Signals are passed on, and this process waits until the child has finished in its own time.
 * The child gets a channel, so that it notices when this process is killed.
 * Returns the exit code, 128 + the signal's number when a signal ended the child.
 */
export function passOn(nodePath, script, args) {
  const child = spawn(nodePath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // A terminal gives its Ctrl-C to the child as well; passing it on would make it two.
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT')
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : code))
  })
}
