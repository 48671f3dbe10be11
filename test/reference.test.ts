import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Application, Logger, LogLevel } from 'typedoc'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

class Warnings extends Logger {
  readonly all: string[] = []

  override log (message: string, level: LogLevel): void {
    if (level >= LogLevel.Warn) this.all.push(message)
  }
}

t.test('the API reference: everything that is exported is documented, and every link in it leads somewhere', async (t) => {
  const warnings = new Warnings()
  const app = await Application.bootstrap({ options: `${ROOT}typedoc.json`, skipErrorChecking: true })
  app.logger = warnings
  const project = await app.convert()
  if (project === undefined) return t.fail('the reference is made')
  app.validate(project)
  t.same(warnings.all, [])
  t.same(project.children?.map(({ name }) => name), ['index', 'stomp'], 'both entries are in it')
})
