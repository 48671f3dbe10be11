import { defineConfig } from 'vite'

export default defineConfig({
  build: { outDir: '../dist/page', emptyOutDir: true },
  esbuild: { jsx: 'automatic' },
  // `vite page` serves the page while you change it, and the server of `npm start` answers it.
  server: { proxy: { '/stomp': { target: 'http://127.0.0.1:3000', ws: true } } }
})
