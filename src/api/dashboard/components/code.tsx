import { Copy } from './copy.js';

/** Lines to be used elsewhere, with their copy button. */
export function Code({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div class="code">
      <pre tabIndex={0} aria-label={label}>
        <code>{text}</code>
      </pre>
      <Copy text={text} what={label} />
    </div>
  );
}
