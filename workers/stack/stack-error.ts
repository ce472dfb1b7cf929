/** A stack that cannot be: which part failed, why, and what was logged. The message is for people. */
export class StackError extends Error {
  readonly part: string

  constructor(part: string, message: string) {
    super(message)
    this.name = 'StackError'
    this.part = part
  }
}
