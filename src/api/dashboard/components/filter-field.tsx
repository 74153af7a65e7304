import { useEffect, useId, useRef } from 'preact/hooks';

export interface FilterFieldProps {
  readonly label: string;
  /** As the address has it. */
  readonly value: string;
  readonly placeholder?: string;
  /** Of date and time. */
  readonly dated?: boolean;
  /** Of code, in mono. */
  readonly mono?: boolean;
  readonly fault?: string | undefined;
  /** Called with what was typed, on `Enter` and when the field is left. */
  readonly onChange: (text: string) => void;
}

/** One condition of a list. The address holds it, so that it takes effect when it is whole and not with every letter. */
export function FilterField(props: FilterFieldProps) {
  const { label, value, placeholder, dated = false, mono = false, fault, onChange } = props;
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current && input.current.value !== value) input.current.value = value;
  }, [value]);
  const common = {
    id,
    ref: input,
    class: mono ? 'input mono' : 'input',
    defaultValue: value,
    autoComplete: 'off',
    'aria-invalid': fault !== undefined,
    'aria-describedby': fault === undefined ? undefined : `${id}-fault`,
    onChange: ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => onChange(currentTarget.value.trim()),
  };
  return (
    <div class="field">
      <label class="field-label" for={id}>
        {label}
      </label>
      {dated ? (
        <input {...common} type="datetime-local" step={1} />
      ) : (
        <input {...common} type="text" placeholder={placeholder} spellcheck={false} />
      )}
      {fault !== undefined && (
        <div id={`${id}-fault`} class="field-fault" role="alert">
          <Caret fault={fault} />
          {fault}
        </div>
      )}
    </div>
  );
}

/** Points at the column that a fault names. */
function Caret({ fault }: { readonly fault: string }) {
  const column = /\(column (\d+)\)/.exec(fault)?.[1];
  if (column === undefined) return null;
  return (
    <code class="field-caret" aria-hidden="true">
      {`${' '.repeat(Number(column) - 1)}↑`}
    </code>
  );
}
