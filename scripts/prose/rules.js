// The rules for sentences in comments, error texts and documents, as one table. `scripts/prose.js` applies them.

/** The longest sentence, and the longest first sentence of a doc comment, in words. */
export const SENTENCE = 30
export const FIRST_SENTENCE = 20

/** The most uses of the free "what" in 1,000 words. */
export const FREE_WHAT = 3

/** A pronoun or a noun phrase with its verb: after a comma and "for" it shows that "for" stands for "because". */
const CLAUSE = String.raw`(?:else|otherwise|then|there|it|they|he|she|we|you|nothing|nobody|(?:the|a|an|this|that|its|their|all|each|every|no) (?:[\w-]+ ){1,3}?(?:is|are|was|were|has|have|had|does|do|can|cannot|could|may|might|must|will|would))\b`

/** A pattern that no text may contain, where it is looked for, and the way to write the sentence instead. */
export const RULES = [
  ['actor', 'any', /\b(?:somebody|someone|nobody|anybody|anyone|everybody|everyone|whoever|whomever)\b/gi, 'name the actor: the server, the client, the session, the application'],
  ['free pronoun', 'any', /\b(?:whatever|whichever|whatsoever|that which)\b/gi, 'name the thing'],
  ['those that', 'any', /\bthose (?:that|who|which|whose|whom|with)\b/gi, 'repeat the noun'],
  ['for', 'any', new RegExp(String.raw`[,;:] for ${CLAUSE}`, 'gi'), 'write "because"'],
  ['is no', 'any', /(?<!\bthere )\b(?:is|are|was|were|be) no (?!longer\b|more\b|less\b|fewer\b|one\b|\w+er\b)/gi, 'write "is not a"'],
  ['archaic', 'any', /\b(?:lest|hence|thus|whence|whereby|wherein|wherefore|thereof|therein|thereby|hereby|herein|whilst|amongst|betwixt|albeit|save for|at all events|all the same|come to be|comes to be|as good as)\b/gi, 'use a plain word'],
  ['person', 'any', /\b(?:believes?|believed|thinks|hopes|hears|heard|dies|died|dying|deaf|asleep|wants|wishes|dares?|innocent|honest)\b/gi, 'programs are no persons: say that they receive, assume, end'],
  ['ellipsis', 'text', /\.\.\.|…/g, 'finish the sentence']
]

/** A use of "what" that is neither a question nor followed by an infinitive. */
export const WHAT = /\bwhat\b(?! (?:to|if)\b)/gi

/** Words that cannot begin the first sentence of a doc comment, which begins with a verb, a noun or the article of a noun. */
export const FIRST_WORDS = new Set(`what which who whose whom whether that this these those it its they their he she how when where why while as if with
without of by in on at to from for and but or nor so because since below above after before between until not only both here there than then`.split(/\s+/))
