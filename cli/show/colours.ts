import pc from 'picocolors'

/** Colours for a stream: none unless it is a terminal, and none under NO_COLOR. */
export function coloursFor(stream: { isTTY?: boolean }, env = process.env) {
  return pc.createColors(Boolean(stream.isTTY) && !env.NO_COLOR && env.TERM !== 'dumb')
}

export const colours = coloursFor(process.stdout)
