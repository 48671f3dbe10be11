/**
 * Stands in for the class of tap that catches errors outside of all promises that a test awaits. tap follows every promise of the program
 * to know the test of an error, which takes up to half of the processor time. Without it such an error ends the process: the file fails.
 */
export class Domain {
  destroy () {}
}
