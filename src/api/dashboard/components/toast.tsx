import { signal } from '@preact/signals';
import { Icon } from './icon.js';

interface Toast {
  readonly id: number;
  readonly text: string;
}

const SHOWN_MS = 6_000;
const toasts = signal<readonly Toast[]>([]);
let last = 0;

/** Confirms what has happened. Errors stay where they happened. */
export function confirmDone(text: string): void {
  const id = ++last;
  toasts.value = [...toasts.value.slice(-2), { id, text }];
  setTimeout(() => (toasts.value = toasts.value.filter((toast) => toast.id !== id)), SHOWN_MS);
}

export function Toasts() {
  return (
    <div class="toasts" role="status">
      {toasts.value.map(({ id, text }) => (
        <div key={id} class="toast">
          <Icon name="check" />
          {text}
        </div>
      ))}
    </div>
  );
}
