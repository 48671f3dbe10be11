/**
 * Makes an element. Properties that begin with `on` are listeners, `class` is the class, and names with a dash are attributes.
 */
export function el (tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children)
}

const SVG = 'http://www.w3.org/2000/svg'

/** Makes an element of SVG. All properties are attributes. */
export function svg (tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children)
  return made
}

function fill (made, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value)
    else if (name === 'class') made.className = value
    else if (name === 'role' || name === 'for' || name.includes('-')) made.setAttribute(name, value)
    else made[name] = value
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined))
  return made
}

/** Sets the text of an element, if it is another one. The page then repaints less. */
export function setText (element, text) {
  if (element.textContent !== text) element.textContent = text
}
