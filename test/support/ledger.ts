import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';

/** What a client knows to be acknowledged: ids on disk, each with fsync before anything else happens. */
export interface Ledger {
  acknowledge(id: string): void;
  readonly count: number;
  read(): readonly string[];
  close(): void;
}

export function openLedger(path: string): Ledger {
  const file = openSync(path, 'a+');
  let count = 0;
  return {
    acknowledge(id) {
      writeSync(file, `${id}\n`);
      fsyncSync(file);
      count++;
    },
    get count() {
      return count;
    },
    read: () => readFileSync(path, 'utf8').split('\n').filter(Boolean),
    close: () => closeSync(file),
  };
}
