import { createRequire } from 'node:module';
import * as nact from 'nact';

/** What Fleetlog uses of nact 7.6.2 beyond its typings. The pin is exact: raising it means reading `lib/*.js` again. */
interface NactActor {
  readonly stopped: boolean;
  busy: boolean;
  state: unknown;
  readonly f: (this: object, state: unknown, message: unknown, context: object) => unknown;
  dispatch(message: unknown, sender: object): void;
  /** Has the handler called in a later turn; the actor is not busy. */
  handleMessage(message: unknown, sender: object): void;
  /** Takes the next message of the mailbox, if there is one. */
  processNext(): void;
  handleFault(message: unknown, sender: object, error: unknown): Promise<void>;
}
const load = createRequire(import.meta.url);
const { Actor } = load('nact/lib/actor.js') as { readonly Actor: { readonly prototype: NactActor } };
const systems = load('nact/lib/system-map.js') as { find(system: string, reference: object): NactActor };
const { Nobody } = load('nact/lib/references.js') as { readonly Nobody: new () => object };

/** Our handlers take nothing of nact's context, and it would hold a copy of the children (N5). */
const NO_CONTEXT = {};

/** Actors whose next message is handled in the next turn of the event loop. */
let due: { readonly actor: NactActor; readonly message: unknown; readonly sender: object }[] = [];

/**
 * One Immediate for all that run in a turn, where nact makes one for each message, with a closure (bench `ingest`). It also keeps the
 * one that an actor ran in last, and Node never unlinks an Immediate from the next one of its turn, so that each idle actor kept alive
 * what happened to run after it (N12): of 400 devices that had connected again and again, 345 held a socket that was long closed.
 */
Actor.prototype.handleMessage = function (message, sender) {
  this.busy = true;
  if (due.push({ actor: this, message, sender }) === 1) setImmediate(handleDue);
};

function handleDue(): void {
  const now = due;
  due = [];
  for (const { actor, message, sender } of now) if (!actor.stopped) void handleNow(actor, message, sender);
}

/** As nact's own: never rejects. */
async function handleNow(actor: NactActor, message: unknown, sender: object): Promise<void> {
  try {
    actor.state = await actor.f.call(NO_CONTEXT, actor.state, message, NO_CONTEXT);
    actor.processNext();
  } catch (error) {
    void actor.handleFault(message, sender, error);
  }
}

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
