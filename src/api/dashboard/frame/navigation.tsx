import { useLocation } from 'preact-iso/router';
import { Button } from '../components/button.js';
import { Icon, type IconName } from '../components/icon.js';
import { setPreferences, theme } from '../data/preferences.js';
import { session, signOut } from '../data/session.js';
import { BrandMark } from './brand.js';
import { LiveWord } from './live-word.js';

interface Place {
  readonly path: string;
  readonly word: string;
  readonly icon: IconName;
}

/** In the order of the side bar. */
const PLACES: readonly Place[] = [
  { path: '/', word: 'Home', icon: 'home' },
  { path: '/devices', word: 'Devices', icon: 'devices' },
  { path: '/events', word: 'Events', icon: 'events' },
  { path: '/certificates', word: 'Certificates', icon: 'certificates' },
  { path: '/health', word: 'Health', icon: 'health' },
  { path: '/settings', word: 'Settings', icon: 'settings' },
];

export function Navigation() {
  const { path } = useLocation();
  const current = (place: Place): boolean => (place.path === '/' ? path === '/' : path.startsWith(place.path));
  return (
    <header class="side">
      <a class="brand" href="/" aria-label="Fleetlog, Home">
        <BrandMark />
        <span class="brand-word">Fleetlog</span>
      </a>
      <nav class="side-links" aria-label="Pages">
        {PLACES.map((place) => (
          <a
            key={place.path}
            class="side-link"
            href={place.path}
            title={place.word}
            aria-current={current(place) ? 'page' : undefined}
          >
            <Icon name={place.icon} />
            <span class="side-link-word">{place.word}</span>
          </a>
        ))}
      </nav>
      <div class="side-foot">
        <LiveWord />
        <Account />
      </div>
    </header>
  );
}

function Account() {
  const state = session.value;
  if (state.state !== 'open' && state.state !== 'ended') return null;
  const { name, role } = state.session.user;
  const dark = theme.value === 'dark';
  return (
    <div class="side-user">
      <span class="side-user-name" title={`Signed in as ${name}, ${role}`}>
        {name} <span class="faint">{role}</span>
      </span>
      <span class="nowrap">
        <Button
          kind="quiet"
          iconOnly
          icon={dark ? 'light' : 'dark'}
          label={dark ? 'Light theme' : 'Dark theme'}
          onPress={() => setPreferences({ theme: dark ? 'light' : 'dark' })}
        />
        <Button kind="quiet" iconOnly icon="sign-out" label="Sign out" onPress={() => void signOut()} />
      </span>
    </div>
  );
}
