import { ChipFilter } from '../../components/chip-filter.js';
import { FilterField } from '../../components/filter-field.js';
import { Icon } from '../../components/icon.js';
import { Search } from '../../components/search.js';
import type { Problem } from '../../data/client.js';
import { grouped } from '../../format/numbers.js';
import type { SystemActivity } from '../health/system.js';
import { faultOfFilter } from './device-condition.js';

type Query = Readonly<Record<string, string | undefined>>;

export interface DeviceFiltersProps {
  readonly query: Query;
  readonly counts: SystemActivity['devices'] | undefined;
  /** Why the list could not be read: the fault of a condition is told beside it. */
  readonly problem: Problem | undefined;
  readonly onChange: (change: Query) => void;
}

/** Search, states, what rows were pressed for, and a condition for the rest. */
export function DeviceFilters({ query, counts, problem, onChange }: DeviceFiltersProps) {
  const { search = '', state, type, tag, filter = '' } = query;
  const states = [
    { value: 'online', word: 'online', count: counts?.online },
    { value: 'offline', word: 'offline', count: counts?.offline },
    { value: 'never', word: 'never seen', count: counts?.neverSeen },
    { value: 'disabled', word: 'disabled', count: counts?.disabled },
  ];
  return (
    <div class="filters">
      <div class="toolbar">
        <Search label="Search by id, name or tag" value={search} onChange={(text) => onChange({ search: text })} />
        <ChipFilter
          label="State"
          options={states.map(({ value, word, count }) => ({
            value,
            word,
            ...(count === undefined ? {} : { count: grouped(count) }),
          }))}
          chosen={state === undefined ? [] : [state]}
          onChange={(chosen) => onChange({ state: chosen.at(-1) })}
        />
        <Narrowed name="type" value={type} onRemove={() => onChange({ type: undefined })} />
        <Narrowed name="tag" value={tag} onRemove={() => onChange({ tag: undefined })} />
      </div>
      <div class="condition">
        <FilterField
          label="Condition in CEL"
          mono
          value={filter}
          placeholder={'device.connected && "hall-2" in device.tags'}
          fault={problem?.code === 'FILTER_INVALID' ? faultOfFilter(problem.detail, query) : undefined}
          onChange={(text) => onChange({ filter: text })}
        />
      </div>
    </div>
  );
}

function Narrowed(props: { readonly name: string; readonly value: string | undefined; readonly onRemove: () => void }) {
  const { name, value, onRemove } = props;
  if (value === undefined) return null;
  return (
    <button type="button" class="chip" aria-pressed onClick={onRemove} title="Show all again">
      <span>
        {name} <span class="foreign">{value}</span>
      </span>
      <Icon name="close" />
    </button>
  );
}
