import type { ComponentChildren } from 'preact';
import { Banner } from './banner.js';
import { Button } from './button.js';
import { Code } from './code.js';
import { Dialog } from './dialog.js';

export interface SecretProps {
  readonly title: string;
  /** What it is, such as `token`. */
  readonly what: string;
  readonly text: string;
  readonly onClose: () => void;
  /** What it is good for. */
  readonly children?: ComponentChildren;
}

/** A secret that is shown this once: it closes by its button alone, so that no stray key takes it away. */
export function Secret({ title, what, text, onClose, children }: SecretProps) {
  return (
    <Dialog title={title}>
      <Banner tone="warn">Copy it now: the server keeps its hash alone, and nobody can show it again.</Banner>
      <Code label={what} text={text} />
      {children}
      <div class="dialog-actions">
        <Button kind="primary" label="I have it" onPress={onClose} />
      </div>
    </Dialog>
  );
}
