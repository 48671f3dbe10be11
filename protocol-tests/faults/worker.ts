/** A process that runs faults one by one, or several at once, as it is asked. */
import { faults } from './index.ts'
import type { Job, Report } from './pool.ts'
import { runControl, runFault } from './run.ts'

async function work ({ fault: id, scope }: Job): Promise<Report> {
  if (id === undefined) return { control: await runControl(scope ?? []) }
  const fault = faults.find((one) => one.id === id)
  if (fault === undefined) throw new Error(`no fault is named ${id}`)
  return { outcome: await runFault(fault, scope) }
}

process.on('message', ([number, job]: [number, Job]) => {
  work(job).then((report) => process.send?.([number, report]), (error: unknown) => {
    console.error(error)
    process.exit(1)
  })
})
// Without its parent there is nobody to tell.
process.on('disconnect', () => process.exit(0))
