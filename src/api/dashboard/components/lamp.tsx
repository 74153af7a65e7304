/** What a lamp says of a device or a credential: shape and word, so that the colour is never alone. */
export type LampState = 'online' | 'offline' | 'silent' | 'never' | 'disabled';

const WORDS: Readonly<Record<LampState, string>> = {
  online: 'online',
  offline: 'offline',
  silent: 'silent',
  never: 'never seen',
  disabled: 'disabled',
};

/** @param props.word another word for the same shape, such as `revoked` */
export function Lamp({ state, word = WORDS[state] }: { readonly state: LampState; readonly word?: string }) {
  return (
    <span class="lamp" data-state={state}>
      <LampShape state={state} />
      {word}
    </span>
  );
}

export function LampShape({ state }: { readonly state: LampState }) {
  return (
    <svg class="lamp-shape" viewBox="0 0 10 10" aria-hidden="true">
      {SHAPES[state]()}
    </svg>
  );
}

const SHAPES: Readonly<Record<LampState, () => preact.JSX.Element>> = {
  online: () => <circle class="filled" cx="5" cy="5" r="4" />,
  offline: () => <circle cx="5" cy="5" r="4" />,
  silent: () => (
    <>
      <circle cx="5" cy="5" r="4" />
      <path class="filled" d="M5 1a4 4 0 0 0 0 8z" />
    </>
  ),
  never: () => <path d="M5 .5 9.5 5 5 9.5.5 5z" />,
  disabled: () => <path class="filled" d="M1.5 1.5h7v7h-7z" />,
};
