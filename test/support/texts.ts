const range = (first: number, last: number): string => {
  let text = ''
  for (let code = first; code <= last; code++) text += String.fromCharCode(code)
  return text
}

/** Messages that some server, client, proxy or browser has mangled. */
export const AWKWARD: Readonly<Record<string, string>> = {
  empty: '',
  'control characters': range(0x00, 0x1f) + '\x7f\x80\x9f\xad',
  'quotes and slashes': '"\\/\'\\u0041\\n"]',
  'percent signs': '100%41 %25 %zz % %',
  'plus and equals': 'a=b&d=c+d',
  'markup for a page': '<!--<script>alert("&amp;")</script>]]>',
  'joiners and marks': range(0x200c, 0x200f) + range(0x2028, 0x202f) + range(0x2060, 0x206f) + range(0xfff0, 0xffff),
  'byte order mark': '\ufeffa\ufeff',
  'beyond the first plane': 'é😀𝒳\u{10ffff}',
  'line ends': '\r\n\n\r\u0085\u2028\u2029',
  'an array': '["a","b"]',
  frames: 'o',
  'a close frame': 'c[3000,"no"]',
  'property names': '__proto__'
}

/** Halves of surrogate pairs: text for SockJS, nothing that UTF-8 could carry. */
export const SURROGATES = 'a\ud800b\udfffc\udc00\ud800d'
