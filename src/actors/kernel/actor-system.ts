import { createRequire } from 'node:module';
import * as nact from 'nact';

/** What Fleetlog uses of nact 7.6.2 beyond its typings. The pin is exact: raising it means reading `lib/*.js` again. */
interface NactActor {
  /** Of the turn that runs, or ran last. */
  immediate: NodeJS.Immediate | undefined;
  readonly stopped: boolean;
  dispatch(message: unknown, sender: object): void;
  /** Called after each message; empty. */
  afterMessage(): void;
  /** What a handler gets beside its message. */
  createContext(): object;
}
const load = createRequire(import.meta.url);
const { Actor } = load('nact/lib/actor.js') as { readonly Actor: { readonly prototype: NactActor } };
const systems = load('nact/lib/system-map.js') as { find(system: string, reference: object): NactActor };
const { Nobody } = load('nact/lib/references.js') as { readonly Nobody: new () => object };

/**
 * N12: nact keeps the Immediate that an actor ran in last, and Node never unlinks an Immediate from the next one of its turn. Each idle
 * actor would keep alive what happened to run after it: of 400 devices that had connected again and again, 345 held a socket that was
 * long closed.
 */
Actor.prototype.afterMessage = function () {
  this.immediate = undefined;
};

/** Our handlers take none of it, and it would hold a copy of the children (N5). */
const NO_CONTEXT = {};
Actor.prototype.createContext = () => NO_CONTEXT;

const NOBODY = new Nobody();

/** Address of a parent of actors; it gets no messages of its own. */
export interface ParentRef {
  readonly reference: object;
}

/** A running actor that takes messages `M`. Branded: nact's own references fit each other (N11). */
export interface ActorRef<M> extends ParentRef {
  /** nact would look it up by its name for each message, in three maps (bench `ingest`). */
  readonly actor: NactActor;
  /** Never set: it makes the compiler tell apart what takes which messages. */
  readonly messages?: (message: M) => void;
}

/** Starts an actor system of its own. `start('name')` ignores the string (N10), hence the object. */
export function startActorSystem(name: string): ParentRef {
  return { reference: nact.start({ name } as unknown as nact.ActorSystemName) };
}

/**
 * Spawns an actor. Its state lives in the closure of `handle`: nact awaits no initial state and takes an `undefined` for the
 * next one (N9).
 * @param name unique for the life of the system: references are names, an old one would hit the new actor (N3)
 * @param crashed called when `handle` throws, after which the actor is stopped: never resumed by nact, never escalated (N6)
 */
export function spawnActor<M>(
  parent: ParentRef,
  name: string,
  handle: (message: M) => Promise<void> | void,
  crashed: (error: unknown) => void,
): ActorRef<M> {
  const running = (_state: unknown, message: M): Promise<void> | void => handle(message);
  const reference = nact.spawn(parent.reference, running, name, {
    onCrash(_message, error, context) {
      try {
        crashed(error);
      } catch {
        // A throw here would end the process as an unhandled rejection (N6); `crashed` has logged what it could.
      }
      return context.stop;
    },
  });
  const { system } = reference as unknown as { readonly system: { readonly name: string } };
  return { reference, actor: systems.find(system.name, reference) };
}

/** Sends a message. To a stopped actor this is a silent no-op (N2): only the owner of the actor's life may call it. */
export function dispatchTo<M>({ actor }: ActorRef<M>, message: M): void {
  if (!actor.stopped) actor.dispatch(message, NOBODY);
}

/** Stops the actor and its children. A running handler goes on to its end (N3). */
export function stopActor(actor: ParentRef): void {
  nact.stop(actor.reference);
}
