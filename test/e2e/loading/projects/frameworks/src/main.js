// A page with the hooks of docs/client.md. Each shows the messages that it gets.
import { createElement, StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createApp, h } from 'vue'
import { useMessages as useInReact } from './react.jsx'
import { useMessages as useInVue } from './vue.js'

const place = (id) => document.body.appendChild(Object.assign(document.createElement('div'), { id }))

window.sends = {}

function InReact () {
  const [messages, send] = useInReact('/echo')
  window.sends.react = send
  return messages.join()
}
createRoot(place('react')).render(createElement(StrictMode, null, createElement(InReact)))

createApp({
  setup () {
    const { messages, send } = useInVue('/echo')
    window.sends.vue = send
    return () => h('p', messages.value.join())
  }
}).mount(place('vue'))
