import { type Line, openLine } from '../../../faults/stage/line.ts'

/** Opens a line to the server at `url` that a test can freeze, cut and mend; its own `url` leads there. */
export async function openBreakableLine(url: string): Promise<Line & { url: string }> {
  const { hostname, port } = new URL(url)
  const line = await openLine({ host: hostname, port: Number(port) })
  const beginning = new URL(url)
  beginning.port = String(line.port)
  return { ...line, url: beginning.href }
}
