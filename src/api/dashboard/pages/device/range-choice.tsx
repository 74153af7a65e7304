import { FilterField } from '../../components/filter-field.js';
import { Segmented } from '../../components/segmented.js';
import { preferences } from '../../data/preferences.js';
import { fieldTime, readFieldTime } from '../../format/times.js';
import { ownRange, RANGES, type ChartRange, type Range } from './chart-range.js';

type Change = Readonly<Record<'range' | 'zoom', string | undefined>>;

/** Ranges that end now, or one from here to there. @param props.shown what the chart shows, ms since 1970 */
export function RangeChoice(props: {
  readonly of: ChartRange;
  readonly shown: readonly [from: number, to: number];
  readonly onChange: (change: Partial<Change>) => void;
}) {
  const { of, shown, onChange } = props;
  return (
    <Segmented<Range | 'own'>
      label="Range"
      options={[
        ...(Object.keys(RANGES) as Range[]).map((value) => ({ value, word: RANGES[value].word })),
        { value: 'own' as const, word: 'from … to' },
      ]}
      value={of.own ? 'own' : of.range}
      onChange={(value) =>
        onChange(
          value === 'own'
            ? { zoom: ownRange(...shown) }
            : { range: value === '15m' ? undefined : value, zoom: undefined },
        )
      }
    />
  );
}

/** The ends of a range of one's own. */
export function OwnRange(props: {
  readonly own: readonly [from: number, to: number];
  readonly onChange: (change: Partial<Change>) => void;
}) {
  const { own, onChange } = props;
  const [from, to] = own;
  const { zone } = preferences.value;
  const suffix = zone === 'utc' ? ', UTC' : '';
  const change = (begin: number | undefined, end: number | undefined): void => {
    if (begin !== undefined && end !== undefined && begin < end) onChange({ zoom: ownRange(begin, end) });
  };
  return (
    <div class="time-range">
      <FilterField
        label={`From${suffix}`}
        dated
        value={fieldTime(from, zone)}
        onChange={(text) => change(readFieldTime(text, zone), to)}
      />
      <FilterField
        label={`To${suffix}`}
        dated
        value={fieldTime(to, zone)}
        onChange={(text) => change(from, readFieldTime(text, zone))}
      />
    </div>
  );
}
