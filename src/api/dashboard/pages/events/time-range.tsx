import { Segmented } from '../../components/segmented.js';
import { preferences } from '../../data/preferences.js';
import { fieldTime, readFieldTime } from '../../format/times.js';
import { FilterField } from '../../components/filter-field.js';

export interface TimeRangeProps {
  readonly since: string | undefined;
  /** RFC 3339. */
  readonly from: string | undefined;
  /** RFC 3339. */
  readonly to: string | undefined;
  readonly onChange: (change: {
    readonly since: string | undefined;
    readonly from: string | undefined;
    readonly to: string | undefined;
  }) => void;
}

const HOUR_MS = 60 * 60_000;

/** When the events were recorded, by the server's clock. */
export function TimeRange({ since, from, to, onChange }: TimeRangeProps) {
  const { zone } = preferences.value;
  const own = since === undefined && (from ?? to) !== undefined;
  const shown = (time: string | undefined): string => (time === undefined ? '' : fieldTime(Date.parse(time), zone));
  const read = (text: string): string | undefined => {
    const time = readFieldTime(text, zone);
    return time === undefined ? undefined : new Date(time).toISOString();
  };
  return (
    <>
      <Segmented
        label="Recorded"
        value={own ? 'own' : (since ?? 'any')}
        options={[
          { value: 'any', word: 'any time' },
          { value: '15m', word: '15 min' },
          { value: '1h', word: '1 h' },
          { value: '24h', word: '24 h' },
          { value: 'own', word: 'from … to' },
        ]}
        onChange={(value) =>
          onChange({
            since: value === 'any' || value === 'own' ? undefined : value,
            from: value === 'own' ? new Date(Date.now() - HOUR_MS).toISOString() : undefined,
            to: undefined,
          })
        }
      />
      {own && (
        <div class="time-range">
          <FilterField
            label={`From${zone === 'utc' ? ', UTC' : ''}`}
            dated
            value={shown(from)}
            onChange={(text) => onChange({ since: undefined, from: read(text), to })}
          />
          <FilterField
            label={`To${zone === 'utc' ? ', UTC' : ''}`}
            dated
            value={shown(to)}
            onChange={(text) => onChange({ since: undefined, from, to: read(text) })}
          />
        </div>
      )}
    </>
  );
}
