// Cuts files into passages: a paragraph, a heading, a cell of a table, a comment, or a text in a string. Code is left out.
import ts from 'typescript'

/**
 * @typedef {object} Passage
 * @property {'paragraph' | 'heading' | 'cell' | 'comment' | 'doc' | 'string'} kind
 * @property {string} text without code and marks
 * @property {(offset: number) => number} lineAt the line of the file that holds this offset of `text`
 */

/** Stands where code stood: a noun that the rules do not count. */
const CODE = '§'

/** Lines of one passage as one text, with a way back to their numbers. */
function passage (kind, lines) {
  let text = ''
  const starts = lines.map((line) => {
    const start = text.length
    text += line.text.trim() + '\n'
    return start
  })
  const lineAt = (offset) => lines[starts.findLastIndex((start) => start <= offset)].number
  return { kind, text, lineAt }
}

/** The text of the lines, without code, addresses of links and ids of rules; no line is added or removed. */
function withoutMarks (text) {
  const sameLines = (replacement) => (code) => replacement + '\n'.repeat(code.split('\n').length - 1)
  return text
    .replace(/(`+)(?!`)[^]*?[^`]\1(?!`)/g, sameLines(CODE))
    .replace(/\{@\w+ [^}]*\}/g, sameLines(CODE))
    .replace(/<!--[^]*?-->/g, sameLines(''))
    .replace(/<[a-z/][^>\n]*>/gi, '')
    .replace(/\]\([^)\s]*\)/g, ']')
    .replace(/!?\[([^\]]*)\]/g, '$1')
    .replace(/\bhttps?:\/\/\S+/g, CODE)
    .replace(/\b[A-Z]+(?:-[A-Z]+)*-[A-Z]?\d+(?:\.[\w-]+)*/g, CODE)
    .replace(/[*]{1,2}(?=\S)|(?<=\S)[*]{1,2}/g, '')
}

/** Markdown text, from the line with the given number on, as passages. `kind` is that of its paragraphs. */
export function fromMarkdown (source, first = 1, kind = 'paragraph') {
  const passages = []
  let open = []
  let fence = null
  const flush = () => {
    if (open.some(({ text }) => /\w/.test(text))) passages.push(passage(kind, open))
    open = []
  }
  // Blocks of code go before anything else, because a lone backtick in them would pair with one outside.
  const lines = source.split('\n').map((line) => {
    const mark = /^\s*(```+|~~~+)(.*)$/.exec(line)
    if (mark !== null && fence === null) fence = mark[1]
    else if (mark !== null && mark[1].startsWith(fence) && mark[2].trim() === '') fence = null
    else if (fence === null) return line
    return ''
  })
  for (const [i, text] of withoutMarks(lines.join('\n')).split('\n').entries()) {
    const line = { text, number: first + i }
    if (/^\s*$/.test(text) || /^\s*\[[^\]]+\]: /.test(text)) {
      flush()
    } else if (/^#{1,6} /.test(text)) {
      flush()
      passages.push(passage('heading', [{ ...line, text: text.replace(/^#+/, '') }]))
    } else if (/^\s*\|/.test(text)) {
      flush()
      for (const cell of text.split(/(?<!\\)\|/)) if (/\w/.test(cell)) passages.push(passage('cell', [{ ...line, text: cell }]))
    } else {
      if (/^\s*(?:[-*+]|\d+\.) /.test(text)) flush()
      open.push({ ...line, text: text.replace(/^\s*(?:[-*+]|\d+\.|>) /, '') })
    }
  }
  flush()
  return passages
}

/** Comments in the order of the file; consecutive line comments are one. */
function commentsOf (file) {
  const source = file.text
  const found = new Map()
  const visit = (node) => {
    for (const range of ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []) found.set(range.pos, range)
    for (const range of ts.getTrailingCommentRanges(source, node.getEnd()) ?? []) found.set(range.pos, range)
    node.getChildren(file).forEach(visit)
  }
  visit(file)
  const merged = []
  for (const { pos, end, kind } of [...found.values()].sort((a, b) => a.pos - b.pos)) {
    const last = merged.at(-1)
    const line = kind === ts.SyntaxKind.SingleLineCommentTrivia
    if (line && last?.line && /^\n[ \t]*$/.test(source.slice(last.end, pos))) last.end = end
    else merged.push({ pos, end, line })
  }
  return merged
}

/** A string of three words or more is a text for people. */
const isText = (text) => /[a-z][\w',.:;-]* +[\w'(%§-]+ +[\w'(%§-]*[a-z]/i.test(text) && !/<\w|function ?\(|=>|[{};]\s*$/.test(text)

/** A script of Redis, in Lua: code, though it stands in a string. */
const isLua = (text) => text.includes('redis.call(')

/** The comments and texts of a TypeScript or JavaScript file. */
export function fromTypeScript (name, source) {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true)
  const lineOf = (position) => file.getLineAndCharacterOfPosition(position).line + 1
  const passages = []
  for (const { pos, end } of commentsOf(file)) {
    const raw = source.slice(pos, end)
    if (/^\/[/*]\s*(?:eslint|@ts-|c8 |v8 )/.test(raw)) continue
    const kind = raw.startsWith('/**') ? 'doc' : 'comment'
    const text = raw.replace(/\*\/$/, '').split('\n').map((line) => line.replace(/^\s*(?:\/\*\*?|\/\/|\*)/, '')).join('\n')
    // The summary is the part before the first tag that opens a line; a tag that marks the whole comment is dropped.
    const plain = text.replace(/(^|\n)(\s*)@(?:internal|returns|remarks|throws|defaultValue|example|packageDocumentation|param \S+)\b/g, '$1$2')
    passages.push(...fromMarkdown(plain, lineOf(pos), 'comment').map((each, i) => i === 0 ? { ...each, kind } : each))
  }
  const visit = (node) => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) add(node, node.text)
    else if (ts.isTemplateExpression(node)) add(node, node.head.text + node.templateSpans.map(({ literal }) => CODE + literal.text).join(''))
    ts.forEachChild(node, visit)
  }
  const add = (node, text) => {
    if (isText(text) && !isLua(text)) passages.push(passage('string', [{ text: withoutMarks(text).replaceAll('\n', ' '), number: lineOf(node.getStart(file)) }]))
  }
  visit(file)
  return passages
}
