import { field, frame } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const overSockjs: readonly Fault[] = [
  {
    id: 'stomp-frame-cut',
    row: 'STOMP-K1',
    breaks: 'a frame of the server comes in two messages',
    stomp: frame('MESSAGE', (text) => [text.slice(0, 20), text.slice(20)]),
    expect: ['STOMP-W5', 'STOMP-W5.exact', '=STOMP-K1']
  },
  {
    id: 'stomp-polling-beats',
    row: 'STOMP-K4',
    breaks: 'polling clients are offered beats every second',
    stomp: field('CONNECTED', 'heart-beat', '1000,1000'),
    expect: ['STOMP-K4']
  },
  {
    id: 'stomp-base64-unsaid',
    row: 'STOMP-K2',
    breaks: 'base64 does not say so',
    stomp: field('MESSAGE', 'content-transfer-encoding'),
    expect: ['STOMP-K2']
  },
  {
    id: 'stomp-sockjs-heartbeats',
    row: 'STOMP-K3',
    breaks: 'the heartbeats of SockJS go on',
    stomp: () => ({ loud: true, sent: (text) => text }),
    server: { stomp: { endpoint: { origins: '*', heartbeat: 700 } } },
    expect: ['STOMP-K3.heartbeats']
  },
  {
    id: 'stomp-nul-missing',
    row: 'STOMP-K1',
    breaks: 'the message ends the frame, and there is no NUL',
    stomp: frame('MESSAGE', (text) => text.slice(0, -1)),
    expect: ['=STOMP-K1', '=STOMP-W5', 'STOMP-W5.exact']
  }
]
