/** How old prices are, in words. */
export function describeAge(ageSeconds: number | null): string {
  return ageSeconds === null ? 'never moved' : `${ageSeconds.toFixed(1)} s`
}
