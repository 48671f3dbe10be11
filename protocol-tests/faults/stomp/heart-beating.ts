import { field, heard } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const heartBeating: readonly Fault[] = [
  {
    id: 'stomp-beats-unasked',
    row: 'STOMP-H1',
    breaks: 'the server sends heart-beats that were not agreed',
    stomp (link) {
      const timer = setInterval(() => link.toClient('\n'), 900)
      timer.unref()
      return { ended () { clearInterval(timer) } }
    },
    expect: ['=STOMP-H1', '=STOMP-H2', 'STOMP-H6.connected', 'STOMP-H6.old', 'STOMP-H3.reset', 'STOMP-H5.early']
  },
  {
    id: 'stomp-beats-lost',
    row: 'STOMP-H5',
    breaks: 'the server never beats',
    stomp: () => ({ sent: (text) => text === '\n' ? [] : text }),
    expect: ['STOMP-H5', '=STOMP-K3', 'STOMP-K3.heartbeats']
  },
  {
    id: 'stomp-beats-crlf',
    row: 'STOMP-H5',
    breaks: 'a beat is CR and LF',
    stomp: () => ({ sent: (text) => text === '\n' ? '\r\n' : text }),
    expect: ['STOMP-H5.lf', '=STOMP-K3', 'STOMP-W5.exact']
  },
  {
    id: 'stomp-beats-unheard',
    row: 'STOMP-H3',
    breaks: 'a client must send whole frames to live',
    stomp: () => ({ received: (text) => text === '\n' || text === 'x' ? [] : text }),
    expect: ['=STOMP-H3', 'STOMP-H3.octets', 'STOMP-K3.client']
  },
  {
    id: 'stomp-impatient',
    row: 'STOMP-H4',
    breaks: 'a client may not be late',
    server: { stomp: { heartBeat: { tolerance: 1 } } },
    expect: ['STOMP-H4', 'STOMP-H4.twice']
  },
  {
    id: 'stomp-patient',
    row: 'STOMP-H4',
    breaks: 'a silent client is not given up',
    stomp: heard(/\nheart-beat:1000,0/, '\nheart-beat:0,0'),
    expect: ['STOMP-H4.twice', '=STOMP-H6', 'STOMP-W9.beats']
  },
  {
    id: 'stomp-frames-no-life',
    row: 'STOMP-H3',
    breaks: 'a client is given up after 2.5 s, although it sends frames',
    stomp (link) {
      const timer = setTimeout(() => { if (link.memory['beats'] === 'yes') link.close(1002, 'silent') }, 2500)
      timer.unref()
      return { received (text) { if (text.includes('heart-beat:1000,0')) link.memory['beats'] = 'yes'; return text } }
    },
    expect: ['=STOMP-H3', 'STOMP-H3.frames', 'STOMP-H3.octets', 'STOMP-K3.client']
  },
  {
    id: 'stomp-heart-beat-fixed',
    row: 'STOMP-H2',
    breaks: 'the server offers 10 s to every client',
    server: { stomp: { heartBeat: { offer: [10_000, 10_000] } } },
    expect: ['STOMP-H2.mirror', 'STOMP-H7', 'STOMP-K4']
  },
  {
    id: 'stomp-heart-beat-quick',
    row: 'STOMP-H7',
    breaks: 'intervals below a second are taken',
    server: { stomp: { heartBeat: { minimum: 1 } } },
    expect: ['STOMP-H7']
  },
  {
    id: 'stomp-heart-beat-lenient',
    row: 'STOMP-H1',
    breaks: 'a malformed heart-beat means none',
    stomp: heard(/\nheart-beat:(?!\d+,\d+\n)[^\n]*/, ''),
    expect: ['STOMP-H1.negative', 'STOMP-H1.word', 'STOMP-H1.one', 'STOMP-H1.three', 'STOMP-H1.fraction', 'STOMP-H1.empty', 'STOMP-H1.space']
  },
  {
    id: 'stomp-heart-beat-reversed',
    row: 'STOMP-H2',
    breaks: 'heart-beat of CONNECTED has its numbers the wrong way round',
    stomp: field('CONNECTED', 'heart-beat', (offer) => offer.split(',').reverse().join(',')),
    expect: ['STOMP-H2.mirror', 'STOMP-H7', 'STOMP-K4']
  },
  {
    id: 'stomp-beats-rare',
    row: 'STOMP-H5',
    breaks: 'the server beats half as often as agreed',
    stomp: (link) => ({
      sent (text) {
        if (text !== '\n') return text
        link.memory['beats'] = Number(link.memory['beats'] ?? 0) + 1
        return link.memory['beats'] % 2 === 0 ? text : []
      }
    }),
    expect: ['=STOMP-H5', 'STOMP-H5.early']
  }
]
