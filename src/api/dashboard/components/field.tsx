import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { Signal } from '@preact/signals';

export interface FieldProps {
  readonly label: string;
  readonly value: Signal<string>;
  readonly note?: ComponentChildren;
  readonly fault?: string | undefined;
  readonly type?: 'text' | 'password';
  /** Several lines in mono. */
  readonly multiline?: boolean;
  readonly autoComplete?: 'username' | 'current-password' | 'new-password' | 'off';
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly autoFocus?: boolean;
}

/** A labelled text field with its note and its fault. */
export function Field(props: FieldProps) {
  const { label, value, note, fault, type = 'text', multiline = false, required = false } = props;
  const id = useId();
  const common = {
    id,
    class: 'input',
    required,
    placeholder: props.placeholder,
    autoComplete: props.autoComplete ?? 'off',
    autoFocus: props.autoFocus ?? false,
    'aria-invalid': fault !== undefined,
    'aria-describedby': note !== undefined || fault !== undefined ? `${id}-note` : undefined,
    value: value.value,
    spellcheck: false,
  };
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      {multiline ? (
        <textarea {...common} onInput={({ currentTarget }) => (value.value = currentTarget.value)} />
      ) : type === 'password' ? (
        <input {...common} type="password" onInput={({ currentTarget }) => (value.value = currentTarget.value)} />
      ) : (
        <input {...common} type="text" onInput={({ currentTarget }) => (value.value = currentTarget.value)} />
      )}
      {(note !== undefined || fault !== undefined) && (
        <div id={`${id}-note`} class={fault === undefined ? 'field-note' : 'field-fault'}>
          {fault ?? note}
        </div>
      )}
    </div>
  );
}
