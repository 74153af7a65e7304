import type { Signal } from '@preact/signals';
import { Icon } from './icon.js';

export interface FileChoiceProps {
  readonly label: string;
  /** As a file dialog filters: `.pem,.csr`. */
  readonly accept: string;
  /** Takes what the file holds. */
  readonly text: Signal<string>;
}

/** Reads a text file in place of pasting it. */
export function FileChoice({ label, accept, text }: FileChoiceProps) {
  return (
    <label class="button file-choice">
      <Icon name="file" />
      <span>{label}</span>
      <input
        type="file"
        class="spoken"
        accept={accept}
        onChange={({ currentTarget }) => {
          void currentTarget.files?.[0]?.text().then((read) => (text.value = read));
        }}
      />
    </label>
  );
}
