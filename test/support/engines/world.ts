import type { Engine } from '../../../src/engine/engine.ts'

/** The settings that a check asks of an engine. */
export interface EngineWish {
  /** Two namespaces of one world share its messaging system. Without one, the world has a namespace of its own. */
  readonly namespace?: string
}

/**
 * The failures that a world can make.
 *
 * The suite undoes each of them after its check: `revive`, `cont` and `mend` do nothing where nothing is wrong.
 */
export interface EngineFaults {
  /** Ends the messaging system as `kill -9` does. Its data are gone, but for those on its disk. */
  kill? (): Promise<void>
  /** Starts it again, at the same address. It is empty, but for the logs and queues where `facts.durable` is true. */
  revive? (): Promise<void>
  /** Stops its process (SIGSTOP). Connections stand, and nothing answers. */
  stop? (): Promise<void>
  cont? (): Promise<void>
  /** Ends the connections of one node, and refuses new ones. The messaging system may forget the node. */
  cut? (engine: Engine): Promise<void>
  /** Ends the connections of one node in the middle of the next answer, which is lost in part. New connections are taken. */
  interrupt? (engine: Engine): Promise<void>
  /** Lets nothing through on the connections of one node, and ends none of them. */
  hang? (engine: Engine): Promise<void>
  /** Ends `cut`, `hang` and `slow`. */
  mend? (engine: Engine): Promise<void>
  /** Delays all that passes between one node and the messaging system, each way. */
  slow? (engine: Engine, ms: number): Promise<void>
  /** Ends the connections of one node. It finds another server of the same messaging system. */
  elsewhere? (engine: Engine): Promise<void>
  /** Publishes rubbish as a stranger: on a channel of the namespace, and on the channels that the engine has for itself. */
  garbage? (channel: string): Promise<void>
  /** The module that makes the same engine in a process of its own: `export function engine (settings): Promise<Engine>`. */
  readonly child?: { readonly module: URL, readonly settings: Readonly<Record<string, unknown>> }
}

export type EngineFault = keyof EngineFaults

/** Every fault, so that a world accounts for each. */
export const FAULTS: readonly EngineFault[] = ['kill', 'revive', 'stop', 'cont', 'cut', 'interrupt', 'hang', 'mend', 'slow', 'elsewhere', 'garbage', 'child']

/** One messaging system with the engines that a suite opens on it. */
export interface EngineWorld {
  readonly name: string
  /** Makes the engine of one more node, not started. The clients that an application would hand in are connected when it resolves. */
  engine (wish?: EngineWish): Promise<Engine>
  readonly faults: EngineFaults
  /** The faults that this world cannot make, each with the reason. Every fault is in `faults` or here. */
  readonly impossible: Readonly<Partial<Record<EngineFault, string>>>
  /** Ends all that the world has made. */
  close (): Promise<void>
}
