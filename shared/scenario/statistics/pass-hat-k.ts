/**
 * The chance that `k` trials drawn from those that were made all passed: C(passed, k) / C(trials, k), as tau-bench
 * estimates it. Null when fewer than `k` were made.
 */
export function passHatK(trials: number, passed: number, k: number): number | null {
  if (k < 1 || trials < k) return null
  let chance = 1
  for (let drawn = 0; drawn < k; drawn++) chance *= Math.max(0, passed - drawn) / (trials - drawn)
  return chance
}
