import type { ContractShape } from '../../contract/shape.ts'
import { parseAddress } from '../address.ts'
import { manySessions, type ReconnectingUrl } from '../reconnecting.ts'
import { resumable } from '../resumable.ts'
import { openClient } from './client.ts'
import type { StompOptions } from './options.ts'
import type { AnyContract, StompClient } from './types.ts'

/**
 * Opens a STOMP client. It connects at once, and again after each interruption, until it is closed or the server refuses it.
 *
 * @param url The address of a STOMP endpoint, or a function that returns it before each connection.
 * @param options The settings of the client and of its sessions.
 * @throws `TypeError` or `SyntaxError` if the address is not valid. With the option `socket` any address is taken.
 */
export function connectStomp<const C extends ContractShape = AnyContract> (url: ReconnectingUrl, options: StompOptions<C> = {}): StompClient<C> {
  const { socket } = options
  if (!socket && typeof url !== 'function') parseAddress(url)
  return openClient(options as StompOptions, (options) =>
    manySessions(url, options, (url) => socket ? socket(url) : resumable(url, options))) as unknown as StompClient<C>
}
