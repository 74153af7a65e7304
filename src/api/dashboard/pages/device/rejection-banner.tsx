import { Banner } from '../../components/banner.js';
import { counted } from '../../format/numbers.js';
import type { Device } from './device-state.js';

/** Messages arrive, and are refused: what a lamp alone would hide. */
export function RejectionBanner({ device, onShow }: { readonly device: Device; readonly onShow: () => void }) {
  const rejected = device.recentRejections;
  if (!rejected) return null;
  return (
    <Banner tone="bad">
      <strong>{counted(rejected.count, 'message')} rejected in 5 min</strong>:{' '}
      {rejected.pointer !== undefined && <code>{rejected.pointer}</code>} {rejected.detail}{' '}
      <a href={`/docs/errors/${rejected.code}`}>{rejected.code}</a>.{' '}
      <button type="button" class="link-accent" onClick={onShow}>
        Show them as received
      </button>
    </Banner>
  );
}
