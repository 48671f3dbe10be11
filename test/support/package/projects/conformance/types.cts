import { type Report, reporters, runConformance } from 'sockjs-conformance'

export const text: Promise<string> = runConformance('http://127.0.0.1:8081', { strict: true }).then((report: Report) => reporters.human(report))
