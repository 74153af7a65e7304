export interface ChipFilterProps {
  readonly label: string;
  readonly options: readonly { readonly value: string; readonly word: string; readonly count?: string }[];
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

/** Any of several, each on or off. */
export function ChipFilter({ label, options, chosen, onChange }: ChipFilterProps) {
  return (
    <div class="chips" role="group" aria-label={label}>
      {options.map(({ value, word, count }) => {
        const pressed = chosen.includes(value);
        return (
          <button
            key={value}
            type="button"
            class="chip"
            aria-pressed={pressed}
            onClick={() => onChange(pressed ? chosen.filter((other) => other !== value) : [...chosen, value])}
          >
            {word}
            {count !== undefined && <span class="chip-count">{count}</span>}
          </button>
        );
      })}
    </div>
  );
}
