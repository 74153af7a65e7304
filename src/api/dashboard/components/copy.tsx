import { useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { Icon } from './icon.js';

const CONFIRM_MS = 1500;

/** A button that puts a text into the clipboard. */
export function Copy({ text, what }: { readonly text: string; readonly what: string }) {
  const done = useSignal(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const copy = async (): Promise<void> => {
    await writeClipboard(text);
    done.value = true;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => (done.value = false), CONFIRM_MS);
  };
  const label = done.value ? 'Copied' : `Copy ${what}`;
  return (
    <button type="button" class="copy" aria-label={label} title={label} onClick={() => void copy()}>
      <Icon name={done.value ? 'check' : 'copy'} />
    </button>
  );
}

export interface CopyableProps {
  readonly text: string;
  /** What is shown when the whole text would be too long. */
  readonly shown?: string;
  readonly what?: string;
}

/** An id in mono with a button that copies all of it. */
export function Copyable({ text, shown = text, what = text }: CopyableProps) {
  return (
    <span class="copyable">
      <code title={shown === text ? undefined : text}>{shown}</code>
      <Copy text={text} what={what} />
    </span>
  );
}

/** The clipboard's own interface exists in secure contexts only; a page served over plain HTTP to another host has none. */
async function writeClipboard(text: string): Promise<void> {
  const { clipboard } = navigator as { clipboard?: Clipboard };
  if (clipboard !== undefined) return clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'spoken';
  document.body.append(area);
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without a secure context
  document.execCommand('copy');
  area.remove();
}
