import { Lamp } from '../../components/lamp.js';
import type { Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import type { Schema } from '../../data/client.js';
import { now } from '../../data/clock.js';
import { disconnectWords } from '../../format/events.js';
import { duration } from '../../format/times.js';

type Summary = Schema<'DeviceSummary'>;

/** Longer ids may break over lines. */
const LONG_ID = 24;

/** @param narrow shows the devices of a type or with a tag alone */
export function deviceColumns(
  narrow: (change: { readonly type: string } | { readonly tag: string }) => void,
): readonly Column<Summary>[] {
  return [
    {
      key: 'id',
      title: 'Device',
      sortable: true,
      cell: ({ id }) => (
        <a
          href={`/devices/${encodeURIComponent(id)}`}
          class={id.length > LONG_ID ? 'mono' : 'mono nowrap'}
          data-row-link
        >
          {id}
        </a>
      ),
    },
    {
      key: 'lastSeen',
      title: 'State',
      sortable: true,
      cell: (device) => (
        <span class="nowrap">
          <Lamp state={stateOf(device)} /> <Since of={device} />
        </span>
      ),
    },
    {
      key: 'name',
      title: 'Name',
      sortable: true,
      wide: true,
      cell: ({ name }) => name && <span class="foreign">{name}</span>,
    },
    {
      key: 'type',
      title: 'Type',
      sortable: true,
      cell: ({ type }) => type !== null && <Narrow word={type} of="type" onPress={() => narrow({ type })} />,
    },
    {
      key: 'tags',
      title: 'Tags',
      wide: true,
      cell: ({ tags }) =>
        tags.length > 0 && (
          <span class="tags">
            {tags.map((tag) => (
              <Narrow key={tag} word={tag} of="tag" onPress={() => narrow({ tag })} />
            ))}
          </span>
        ),
    },
    {
      key: 'registeredAt',
      title: 'Registered',
      sortable: true,
      cell: ({ registeredAt }) => <Time at={registeredAt} />,
    },
  ];
}

/** How long it is in its state, and why it is gone. */
function Since({ of: { connected, connectedAt, disconnectedAt, disconnectReason } }: { readonly of: Summary }) {
  const since = connected ? connectedAt : disconnectedAt;
  if (since === null) return null;
  const lasted = duration(now.value - Date.parse(since));
  return (
    <span class="quiet">
      {lasted}
      {disconnectReason !== null && `, ${disconnectWords(disconnectReason)}`}
    </span>
  );
}

function Narrow(props: { readonly word: string; readonly of: string; readonly onPress: () => void }) {
  const { word, of, onPress } = props;
  return (
    <button type="button" class="badge badge-press" title={`Only devices with this ${of}`} onClick={onPress}>
      {word}
    </button>
  );
}

function stateOf({ enabled, connected, sessionEpoch }: Summary): 'online' | 'offline' | 'never' | 'disabled' {
  if (!enabled) return 'disabled';
  if (connected) return 'online';
  return sessionEpoch === 0 ? 'never' : 'offline';
}
