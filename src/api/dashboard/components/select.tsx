import { useId } from 'preact/hooks';

export interface SelectProps<Value extends string> {
  readonly label: string;
  readonly options: readonly { readonly value: Value; readonly word: string }[];
  readonly value: Value;
  /** The label is heard and not shown: beside other filters. */
  readonly unlabelled?: boolean;
  readonly onChange: (value: Value) => void;
}

/** One of many, from a list that the browser shows. */
export function Select<Value extends string>(props: SelectProps<Value>) {
  const { label, options, value, unlabelled = false, onChange } = props;
  const id = useId();
  return (
    <div class={unlabelled ? 'field-inline' : 'field'}>
      <label class={unlabelled ? 'spoken' : 'field-label'} for={id}>
        {label}
      </label>
      <select
        id={id}
        class="input"
        value={value}
        onChange={({ currentTarget }) => onChange(currentTarget.value as Value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.word}
          </option>
        ))}
      </select>
    </div>
  );
}
