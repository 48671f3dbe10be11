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
  // Scripts of others, and minified ones, as texts.
  { files: ['src/embedded/**'], rules: { 'no-template-curly-in-string': 'off' } },
  // The declaration of `app.stomp` repeats the parameters of Fastify's, and needs one of them.
  { files: ['src/stomp/plugin.ts'], rules: { '@typescript-eslint/no-unused-vars': 'off' } },
  { files: ['protocol-tests/**', 'examples/**', 'bench/**', 'scripts/**', 'test/**/*.{js,cjs,mjs}'], rules: { 'no-console': 'off' } }
]
