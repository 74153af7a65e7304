import { useLocation } from 'preact-iso/router';
import { Search } from '../../components/search.js';
import { Select } from '../../components/select.js';
import { useSystem } from '../health/system.js';
import { FilterField } from '../../components/filter-field.js';
import { TimeRange } from './time-range.js';
import { TypeChoice } from './type-choice.js';

export interface EventFiltersProps {
  readonly go: (change: Readonly<Record<string, string | undefined>>) => void;
  /** What the server says of the condition. */
  readonly fault: string | undefined;
}

/** What is shown. Everything is in the address. */
export function EventFilters({ go, fault }: EventFiltersProps) {
  const { query } = useLocation();
  const system = useSystem();
  const shards = system.reading.value.data?.shards ?? [];
  const { device, stream, types, since, from, to, shard, principal, correlationId, filter } = query;
  const rare = [shard, principal, correlationId, filter].filter(Boolean).length;
  return (
    <section class="panel" aria-label="Filters">
      <div class="toolbar">
        <Search
          label="Device or stream"
          value={device ?? stream ?? ''}
          onChange={(text) =>
            go(text.includes('/') ? { device: undefined, stream: text } : { device: text, stream: undefined })
          }
        />
        <TypeChoice
          chosen={types?.split(',').filter(Boolean) ?? []}
          onChange={(chosen) => go({ types: chosen.join(',') })}
        />
        <TimeRange since={since} from={from} to={to} onChange={go} />
      </div>
      <details class="more-filters" open={rare > 0}>
        <summary>Shard, principal, correlation id, condition</summary>
        <div class="filter-grid">
          <Select
            label="Shard"
            value={shard ?? ''}
            options={[
              { value: '', word: 'all' },
              ...shards.map((one) => ({ value: String(one.shard), word: String(one.shard) })),
            ]}
            onChange={(value) => go({ shard: value })}
          />
          <FilterField
            label="Principal"
            value={principal ?? ''}
            placeholder="user/admin"
            onChange={(text) => go({ principal: text })}
          />
          <FilterField
            label="Correlation id"
            value={correlationId ?? ''}
            onChange={(text) => go({ correlationId: text })}
          />
          <div class="filter-condition">
            <FilterField
              label="Condition (CEL)"
              mono
              value={filter ?? ''}
              placeholder="event.payload.values.temperature > 30.0"
              fault={fault}
              onChange={(text) => go({ filter: text })}
            />
          </div>
        </div>
      </details>
    </section>
  );
}
