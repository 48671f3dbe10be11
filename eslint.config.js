import neostandard from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: ['**/dist/**', 'docs/api/**', '.tap/**', 'bench/node_modules/**'] }),
  {
    rules: {
      'no-console': 'error',
      // Control characters and lone surrogates are the subject matter here.
      'no-control-regex': 'off'
    }
  },
  { files: ['protocol-tests/**', 'examples/**', 'bench/**', 'scripts/**', 'test/**/*.{js,cjs,mjs}'], rules: { 'no-console': 'off' } }
]
