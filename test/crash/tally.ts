/** What came of many crashes, in one line for whoever runs them. */
import type { Patient } from "./patient.ts"

export class Tally {
  points = 0
  interviews = 0
  resumes = 0
  acknowledged = 0
  lost = 0
  doubled = 0

  add({ resumes, ledger }: Patient): void {
    this.interviews++
    this.resumes += resumes
    this.acknowledged += ledger.acknowledged
    this.lost += ledger.lost
    this.doubled += ledger.doubled
  }

  toString(): string {
    const { points, interviews, resumes, acknowledged, lost, doubled } = this
    return (
      `${points} crashes in ${interviews} interviews, ${resumes} resumes, ` +
      `${acknowledged} answers acknowledged, ${lost} lost, ${doubled} doubled`
    )
  }
}
