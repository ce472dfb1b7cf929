export interface Progress {
  update(text: string): void
  done(text?: string): void
  failed(text?: string): void
}
export function showProgress(text: string, stream?: NodeJS.WriteStream): Progress
