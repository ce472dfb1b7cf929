/** Where a stream goes. */
export interface ChatSink {
  /** The first bytes follow; from here on nothing can be tried again. */
  begin(info: { upstream: string; attempts: number }): void
  /** Resolves when more may be written. Rejects with CallerGone when nobody reads any more, or too slowly. */
  write(bytes: Uint8Array): Promise<void>
}

/** For answers in one piece. */
export const NO_SINK: ChatSink = {
  begin() {},
  async write() {},
}
