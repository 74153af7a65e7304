import { useEffect, useId, useRef } from 'preact/hooks';
import { Icon } from './icon.js';

export interface SearchProps {
  readonly label: string;
  /** As the address has it. */
  readonly value: string;
  readonly onChange: (text: string) => void;
}

/** A pause in typing as long as this starts the search. */
const SETTLE_MS = 150;

/** A search field; `/` leads to it. */
export function Search({ label, value, onChange }: SearchProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    // The address has changed by other means, as by going back; what is being typed stays.
    if (input.current && document.activeElement !== input.current) input.current.value = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <div class="search">
      <label class="spoken" for={id}>
        {label}
      </label>
      <Icon name="search" />
      <input
        id={id}
        ref={input}
        type="search"
        class="input"
        placeholder={label}
        defaultValue={value}
        autoComplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => {
          clearTimeout(timer.current);
          timer.current = setTimeout(() => onChange(currentTarget.value.trim()), SETTLE_MS);
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}
