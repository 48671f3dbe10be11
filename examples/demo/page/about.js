/** Fills the footer: the versions, and links to the documents that the server has. */

const TITLES = { 'README.md': 'README', 'docs/getting-started.md': 'Getting started', 'docs/conformance.md': 'Conformance' }

async function fill () {
  const response = await window.fetch('versions')
  if (!response.ok) return
  const { package: own, sockjsClient, node, documents } = await response.json()
  document.getElementById('versions').textContent = `fastify-sockjs ${own} · sockjs-client ${sockjsClient} · Node ${node}`
  document.getElementById('documents').prepend(...documents.map((path) => {
    const link = document.createElement('a')
    link.href = path
    link.textContent = TITLES[path] ?? path
    return link
  }))
}

// Without the versions the rest of the page works.
fill().catch(() => {})
