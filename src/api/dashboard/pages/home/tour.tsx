import { Button } from '../../components/button.js';
import { Icon, type IconName } from '../../components/icon.js';
import { preferences, setPreferences } from '../../data/preferences.js';
import type { Resource } from '../../data/resource.js';
import type { SystemStatus } from '../health/system.js';

interface Stop {
  readonly href: string;
  readonly icon: IconName;
  readonly title: string;
  readonly text: string;
}

/** Where a newcomer looks first; put away for good with one press. Only what is there is linked. */
export function Tour(props: { readonly device: string | undefined; readonly system: Resource<SystemStatus> }) {
  const { device } = props;
  const relay = props.system.reading.value.data?.relay.state;
  if (preferences.value.tourDismissed || relay === undefined) return null;
  const stops: Stop[] = [];
  if (device !== undefined) {
    const href = `/devices/${encodeURIComponent(device)}`;
    stops.push({ href, icon: 'devices', title: 'A live device', text: `${device}: its chart moves as it measures` });
  }
  if (relay !== 'off') {
    const text = 'compare Kafka with the journal, record by record';
    stops.push({ href: '/health', icon: 'check', title: 'The relay proof', text });
  }
  stops.push({
    href: '/events',
    icon: 'events',
    title: 'Every event',
    text: 'filter the journal, and open what caused what',
  });
  const certificates = 'issue one, rotate it, revoke it and see it act';
  stops.push({ href: '/certificates', icon: 'certificates', title: 'Certificates', text: certificates });
  return (
    <nav class="tour" aria-label="Tour">
      <ol class="tour-stops">
        {stops.map(({ href, icon, title, text }) => (
          <li key={href}>
            <a class="tour-stop" href={href}>
              <Icon name={icon} />
              <span>
                <span class="tour-title">{title}</span>
                <span class="quiet">{text}</span>
              </span>
            </a>
          </li>
        ))}
      </ol>
      <Button
        kind="quiet"
        icon="close"
        iconOnly
        label="Dismiss the tour"
        onPress={() => setPreferences({ tourDismissed: true })}
      />
    </nav>
  );
}
