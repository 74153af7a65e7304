import { Lamp } from '../../components/lamp.js';
import type { Column } from '../../components/table.js';
import { Time } from '../../components/time.js';
import type { Schema } from '../../data/client.js';
import { grouped } from '../../format/numbers.js';

type Summary = Schema<'DeviceSummary'>;

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
        <a href={`/devices/${encodeURIComponent(id)}`} class="mono" data-row-link>
          {id}
        </a>
      ),
    },
    { key: 'state', title: 'State', cell: (device) => <Lamp state={stateOf(device)} /> },
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
      key: 'session',
      title: 'Session',
      numeric: true,
      cell: ({ sessionEpoch }) => <code>{sessionEpoch === 0 ? '–' : grouped(sessionEpoch)}</code>,
    },
    {
      key: 'registeredAt',
      title: 'Registered',
      sortable: true,
      cell: ({ registeredAt }) => <Time at={registeredAt} />,
    },
  ];
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
