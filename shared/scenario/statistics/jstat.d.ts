/** What is used of jstat, which brings no types. */
declare module 'jstat' {
  const jStat: {
    studentt: {
      /** Probability that a value of Student's distribution is at most `x`. */
      cdf(x: number, degreesOfFreedom: number): number
      /** The value below which lies the probability `p`. */
      inv(p: number, degreesOfFreedom: number): number
    }
  }
  export default jStat
}
