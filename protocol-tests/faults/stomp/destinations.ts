import { field, frame, heard } from '../mutations/stomp.ts'
import type { Fault } from '../types.ts'

export const destinations: readonly Fault[] = [
  {
    id: 'stomp-wildcards',
    row: 'SPRING-E3',
    breaks: 'a wildcard is a character',
    stomp: heard(/\/\*/g, '/star'),
    expect: ['SPRING-E3', 'SPRING-E4', 'SPRING-F14']
  },
  {
    id: 'stomp-send-to-pattern',
    row: 'SPRING-E19',
    breaks: 'a SEND to a wildcard reaches matching subscribers',
    stomp: heard(/^(SEND\ndestination:[^\n]*\/)\*/, '$1a'),
    expect: ['SPRING-E19']
  },
  {
    id: 'stomp-user-shared',
    row: 'SPRING-F3',
    breaks: 'the sessions of a user, and strangers, share their destinations',
    stomp: heard(/destination:\/user\/queue\/me|destination:\/app\/me/g, 'destination:/topic/me'),
    expect: ['SPRING-F3', 'SPRING-F14']
  },
  {
    id: 'stomp-user-silent',
    row: 'SPRING-F4',
    breaks: 'no message comes at the destinations of a user',
    stomp: frame('MESSAGE', (text) => text.includes('destination:/user/') ? [] : text),
    expect: ['SPRING-F4', 'SPRING-F3', 'SPRING-F14', 'STOMP-R3.application']
  },
  {
    id: 'stomp-temporary-shared',
    row: 'BROKER-2',
    breaks: 'temporary queues are shared',
    stomp: heard(/\/temp-queue\//g, '/queue/temporary-'),
    expect: ['BROKER-1', 'BROKER-2']
  },
  {
    id: 'stomp-history-forgotten',
    row: 'BROKER-3',
    breaks: 'x-recover is ignored',
    stomp: heard(/\nx-recover:[^\n]*/, ''),
    expect: ['BROKER-3']
  },
  {
    id: 'stomp-history-whole',
    row: 'BROKER-3',
    breaks: 'recovery begins at the first message',
    stomp: heard(/(?<=\nx-recover:[^\n]*\\c)\d+(?=\n)/, '0'),
    expect: ['BROKER-3']
  },
  {
    id: 'stomp-routes-silent',
    row: 'DEMO-1',
    breaks: 'the application does not answer',
    stomp: heard(/destination:\/app\/(hello|chat[^\n]*|rooms)/, 'destination:/topic/nobody'),
    expect: ['DEMO-1', 'DEMO-2', 'DEMO-3']
  },
  {
    id: 'stomp-user-reached',
    row: 'SPRING-F6',
    breaks: 'a client may send to another user',
    stomp: heard(/\ndestination:\/user\/guest\//, '\ndestination:/topic/'),
    expect: ['SPRING-F6']
  },
  {
    id: 'stomp-destination-unserved',
    row: 'SPRING-E16',
    breaks: 'a destination that nothing serves is a topic',
    stomp: heard(/\ndestination:\/nowhere\//, '\ndestination:/topic/'),
    expect: ['SPRING-E16', 'STOMP-X1.always']
  },
  {
    id: 'stomp-wildcard-greedy',
    row: 'SPRING-E3',
    breaks: '* stands for several segments',
    stomp: heard(/\/\*\/b(?=\n)/, '/**'),
    expect: ['SPRING-E3']
  },
  {
    id: 'stomp-reply-to-unchanged',
    row: 'BROKER-1',
    breaks: 'reply-to reaches others as the client wrote it',
    stomp: field('MESSAGE', 'reply-to', '/temp-queue/answers'),
    expect: ['BROKER-1', 'BROKER-2']
  }
]
