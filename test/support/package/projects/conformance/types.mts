import { type Report, reporters, runConformance } from 'sockjs-conformance'

const report: Report = await runConformance('http://127.0.0.1:8081', { strict: true })
export const text: string = reporters.human(report)
// @ts-expect-error: there is no such option
await runConformance('http://127.0.0.1:8081', { stritc: true })
