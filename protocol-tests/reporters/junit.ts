import type { Report, Result } from '../types.ts'
import { describeFailure, describeLoss, fails } from './describe.ts'
import { escapeMarkup as e } from './escape.ts'

function testCase (result: Result, strict: boolean): string {
  const open = `    <testcase classname="${e(`${result.suite}.${result.section}`)}" name="${e(`${result.id} ${result.title}`)}" time="${result.milliseconds / 1000}"`
  if (result.verdict === 'passed') return `${open}/>`
  if (fails(result, strict) && result.failure !== undefined) {
    return `${open}>\n      <failure message="${e(result.failure.what)}">${e(describeFailure(result.failure, ''))}</failure>\n    </testcase>`
  }
  const reason = result.reason === undefined ? `deviation: ${result.failure?.what ?? ''}` : `${result.verdict}: ${result.reason}`
  return `${open}>\n      <skipped message="${e(reason)}"/>\n    </testcase>`
}

export function junit (report: Report): string {
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="${e(report.url)}" time="${report.milliseconds / 1000}">`]
  // A run that was cut off must not count as passed because its cases were skipped.
  const loss = describeLoss(report)
  if (loss !== undefined) {
    lines.push('  <testsuite name="run" tests="1" failures="1" skipped="0">', '    <testcase classname="run" name="the server answers until the end" time="0">')
    lines.push(`      <failure message="${e(loss)}"/>`, '    </testcase>', '  </testsuite>')
  }
  for (const section of new Set(report.results.map((result) => `${result.suite}.${result.section}`))) {
    const results = report.results.filter((result) => `${result.suite}.${result.section}` === section)
    const failures = results.filter((result) => fails(result, report.strict)).length
    const skipped = results.filter((result) => result.verdict !== 'passed').length - failures
    lines.push(`  <testsuite name="${e(section)}" tests="${results.length}" failures="${failures}" skipped="${skipped}">`)
    lines.push(...results.map((result) => testCase(result, report.strict)))
    lines.push('  </testsuite>')
  }
  lines.push('</testsuites>')
  return lines.join('\n') + '\n'
}
