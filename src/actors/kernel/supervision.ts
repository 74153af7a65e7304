import { spawnActor, startActorSystem, stopActor, type ActorRef, type ParentRef } from './actor-system.js';

/** nact copies the parent's child map for each message of a child's parent and for each context (N5). */
const MAX_CHILDREN = 100;

/** A running child and how it ends. */
export interface Supervised<M> {
  readonly ref: ActorRef<M>;
  /** Stops it and frees its place. Only from within its own handler, or when it is known to be idle (N3). */
  stop(): void;
}

/** The tree above the entities of one kind. */
export interface Supervision {
  /**
   * Spawns a child under a guardian with room, by a name that was never used before (N3, N4).
   * @param crashed called once when `handle` throws; the child is stopped and its place free by then
   */
  spawn<M>(handle: (message: M) => Promise<void> | void, crashed: (error: unknown) => void): Supervised<M>;
  /** How many guardians there are; each has at most 100 children and gets no messages. */
  readonly guardians: number;
  /** Ends the whole tree. Handlers that run go on to their end. */
  stop(): void;
}

let systems = 0;

/** @param prefix of the children's names, `d` gives `d1`, `d2`, … */
export function createSupervision(options: { readonly name: string; readonly prefix: string }): Supervision {
  systems += 1;
  const system = startActorSystem(`fleetlog-${options.name}-${systems}`);
  const guardians: { readonly ref: ParentRef; children: number }[] = [];
  const withRoom: (typeof guardians)[number][] = [];
  let incarnations = 0;

  function guardianWithRoom(): (typeof guardians)[number] {
    const known = withRoom.at(-1);
    if (known !== undefined) return known;
    const ref = spawnActor<never>(
      system,
      `g${guardians.length}`,
      () => undefined,
      () => undefined,
    );
    const guardian = { ref, children: 0 };
    guardians.push(guardian);
    withRoom.push(guardian);
    return guardian;
  }

  return {
    get guardians() {
      return guardians.length;
    },
    spawn(handle, crashed) {
      const guardian = guardianWithRoom();
      guardian.children += 1;
      if (guardian.children === MAX_CHILDREN) withRoom.pop();
      incarnations += 1;
      let placed = true;
      const freePlace = (): void => {
        if (!placed) return;
        placed = false;
        if (guardian.children === MAX_CHILDREN) withRoom.push(guardian);
        guardian.children -= 1;
      };
      const ref = spawnActor(guardian.ref, `${options.prefix}${incarnations}`, handle, (error) => {
        freePlace();
        crashed(error);
      });
      return {
        ref,
        stop() {
          freePlace();
          stopActor(ref);
        },
      };
    },
    stop: () => stopActor(system),
  };
}
