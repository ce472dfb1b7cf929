const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_INTERVAL_MS = 100
const LINE_INTERVAL_MS = 10_000

/**
 * Shows on stderr that a long step is under way: a moving line on a terminal,
 * else a line now and every ten seconds. Returns `{ update(text), done(text), failed(text) }`.
 */
export function showProgress(text, stream = process.stderr) {
  const startedMs = Date.now()
  const elapsed = () => `${Math.round((Date.now() - startedMs) / 1000)} s`
  let current = text
  let frame = 0
  const draw = () => {
    frame += 1
    stream.write(`\r\x1b[2K${FRAMES[frame % FRAMES.length]} ${current} (${elapsed()})`)
  }
  const line = () => stream.write(`  ${current} (${elapsed()})\n`)
  if (!stream.isTTY) stream.write(`  ${text}\n`)
  const timer = setInterval(stream.isTTY ? draw : line, stream.isTTY ? FRAME_INTERVAL_MS : LINE_INTERVAL_MS)
  timer.unref()
  const finish = (mark, closing) => {
    clearInterval(timer)
    stream.write(`${stream.isTTY ? '\r\x1b[2K' : ''}${mark} ${closing} (${elapsed()})\n`)
  }
  return {
    update(next) {
      current = next
      if (!stream.isTTY) line()
    },
    done: (closing = current) => finish('✓', closing),
    failed: (closing = current) => finish('✗', closing),
  }
}
